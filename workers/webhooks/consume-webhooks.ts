import { type DeliveryParts, deliverWebhook } from "./deliver-webhook.ts";
import { parseWebhookMessage } from "./webhook-message.ts";

/** Between two deliveries of one message: some two days in all. The queue waits 12 hours at most. */
const delaysSeconds = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 43_200] as const;

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
  const delivery = webhook && (await deliverWebhook(parts, webhook).catch(() => "failed" as const));
  if (delivery === "delivered" || delivery === "refused") message.ack();
  else message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
}

/** `attempts`: how often the message was delivered, from 1. */
export function retryDelaySeconds(attempts: number): number {
  return delaysSeconds[Math.min(attempts, delaysSeconds.length) - 1] ?? delaysSeconds[0];
}
