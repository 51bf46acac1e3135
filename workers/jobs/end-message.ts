import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { WebhookMessage } from "../webhooks/webhook-message.ts";
import { isEnd, type JobSpec } from "./job-record.ts";
import type { StoredJob } from "./job-store.ts";

/** The id of the message that tells the job's end, the same at every delivery. */
export function messageIdOf({ holdId }: JobSpec): string {
  return `msg_${holdId}`;
}

/**
 * The message that tells a job's end, however often it is asked for. Fails with `job_without_webhook`, or with
 * `job_not_ended`.
 */
export function endMessageOf({ spec, state, endedMs }: StoredJob): Result<WebhookMessage, Failure> {
  const { account, jobId, webhookUrl: url } = spec;
  if (url === undefined) return err({ code: "job_without_webhook" });
  if (endedMs === undefined || state === "reserving" || !isEnd(state)) return err({ code: "job_not_ended" });
  return ok({ id: messageIdOf(spec), account, url, jobId, state, atMs: endedMs });
}
