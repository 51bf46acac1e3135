import { type DeliveryParts, deliverWebhook } from "./deliver-webhook.ts";
import type { Delivery } from "./webhook-attempts.ts";
import { parseWebhookMessage } from "./webhook-message.ts";

/** Between two deliveries of one message: some two days in all. The queue waits 12 hours at most. */
const delaysSeconds = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 43_200] as const;

/** As `max_retries` in wrangler.toml. */
const retriesMax = 10;

/** The used part of a queued message. */
type QueuedMessage = Pick<Message, "body" | "attempts" | "ack" | "retry">;

/**
 * Delivers queued messages concurrently. A message that the queue delivers twice is sent twice, with the same
 * `webhook-id`. What the receiver does not accept is retried later. After the retries that wrangler.toml allows, or if
 * it is not a message of this service, it goes to the dead letter queue.
 */
export async function consumeWebhooks(parts: DeliveryParts, messages: readonly QueuedMessage[]): Promise<void> {
  await Promise.all(messages.map((message) => consume(parts, message)));
}

async function consume(parts: DeliveryParts, message: QueuedMessage): Promise<void> {
  const webhook = parseWebhookMessage(message.body);
  // Whatever goes wrong on our side must not take the other messages of the batch with it.
  const delivery = webhook && (await deliverWebhook(parts, webhook).catch(() => failedHere));
  const delaySeconds = retryDelaySeconds(message.attempts);
  if (delivery === undefined || delivery.outcome === "failed") message.retry({ delaySeconds });
  else message.ack();
  if (webhook === undefined || delivery === undefined) return;
  const atMs = parts.nowMs();
  const isAgain = delivery.outcome === "failed" && message.attempts <= retriesMax;
  const attempt = { ...delivery, atMs, nextMs: isAgain ? atMs + delaySeconds * 1_000 : undefined };
  // The message counts, not the note of it.
  await parts.noteAttempt(webhook, attempt).catch(() => parts.log({ event: "webhook_attempt_not_noted" }));
}

const failedHere: Delivery = { outcome: "failed", failure: "internal" };

/** `attempts`: how often the message was delivered, from 1. */
export function retryDelaySeconds(attempts: number): number {
  return delaysSeconds[Math.min(attempts, delaysSeconds.length) - 1] ?? delaysSeconds[0];
}
