import type { Failure } from "../../shared/errors.ts";
import { customIdsPerMessageMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { WebhookMessage } from "../webhooks/webhook-message.ts";
import { isEnd, type JobSpec } from "./job-record.ts";
import type { JobStore } from "./job-store.ts";

/** The id of the message that tells the job's end, the same at every delivery. */
export function messageIdOf({ holdId }: JobSpec): string {
  return `msg_${holdId}`;
}

/**
 * The message that tells a job's end, however often it is asked for. Fails with `not_found`, with
 * `job_without_webhook`, or with `job_not_ended`.
 */
export function endMessageOf(store: JobStore): Result<WebhookMessage, Failure> {
  const job = store.read();
  if (job === undefined) return err({ code: "not_found", what: "job" });
  const { spec, state, endedMs } = job;
  const { account, jobId, webhookUrl: url, metadata } = spec;
  if (url === undefined) return err({ code: "job_without_webhook" });
  if (endedMs === undefined || state === "reserving" || !isEnd(state)) return err({ code: "job_not_ended" });
  const customIds = store.customIds(customIdsPerMessageMax);
  return ok({ id: messageIdOf(spec), account, url, jobId, state, atMs: endedMs, metadata, customIds });
}
