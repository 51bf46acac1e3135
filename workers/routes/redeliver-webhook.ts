import type { Handler } from "hono";
import type { WebhookAttemptAnswer } from "../../shared/api/job.ts";
import type { Jobs } from "../jobs/client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { type DeliveryParts, deliverWebhook } from "../webhooks/deliver-webhook.ts";
import { notStored } from "./admin-accounts.ts";
import { webhookAttemptAnswer } from "./job-answer.ts";

/** What the route needs. */
export interface RedeliveryServices {
  readonly jobs: Jobs;
  readonly webhookDelivery: DeliveryParts;
  readonly nowMs: () => number;
}

/**
 * `POST /v1/jobs/{id}/webhook/redeliver`: sends the message of a job's end once more, with the id of the first
 * delivery, and answers what became of it. The queue does not repeat it. 30 a minute for an account, whichever its
 * jobs.
 */
export function redeliverWebhook({ jobs, webhookDelivery, nowMs }: RedeliveryServices): Handler<AppEnv> {
  return async (c) => {
    const account = c.get("account");
    const job = jobs.of(account, c.req.param("id") ?? "");
    const message = await job.endMessage();
    if (!message.ok) return failureResponse(c, message.error);
    const allowed = await jobs.listOf(account).takeRedelivery();
    if (!allowed.ok) return failureResponse(c, allowed.error);
    const delivery = await deliverWebhook(webhookDelivery, message.value);
    const attempt = { ...delivery, atMs: nowMs(), nextMs: undefined, isRedelivery: true };
    await job.noteWebhook(message.value.id, attempt);
    const answer: WebhookAttemptAnswer = webhookAttemptAnswer(attempt);
    return c.json(answer, 200, notStored);
  };
}
