import { signWebhook } from "./sign-webhook.ts";
import { type WebhookMessage, webhookBody } from "./webhook-message.ts";
import { checkWebhookUrl, type WebhookTargets } from "./webhook-url.ts";

/** A receiver should note a message and work later: longer than this, and it would hold up those behind it. */
const deliveryTimeoutMs = 15_000;

/** What delivering takes. */
export interface DeliveryParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly nowMs: () => number;
  readonly targets: WebhookTargets;
  /** The valid secrets of an account, newest first. */
  readonly secretsOf: (account: string) => Promise<readonly string[]>;
  readonly log: (entry: Readonly<Record<string, string | number>>) => void;
}

/** delivered: the receiver has it. refused: it never will. failed: it may have it another time. */
export type Delivery = "delivered" | "refused" | "failed";

/**
 * Sends one message. The address is checked again, because the rules may have changed since it waits; a redirect is not
 * followed, since it could lead anywhere; and of the answer nothing but the status is read.
 */
export async function deliverWebhook(parts: DeliveryParts, message: WebhookMessage): Promise<Delivery> {
  const target = checkWebhookUrl(message.url, parts.targets);
  if (!target.ok) return "refused";
  const body = webhookBody(message);
  const timestampSeconds = Math.floor(parts.nowMs() / 1_000);
  const secrets = await parts.secretsOf(message.account);
  const signed = await signWebhook(secrets, { id: message.id, timestampSeconds, body });
  try {
    const response = await parts.fetch(target.value.href, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "wuerstchen-edge-webhooks/1", ...signed },
      body,
      redirect: "manual",
      signal: parts.timeout(deliveryTimeoutMs),
    });
    await response.body?.cancel();
    parts.log({ event: "webhook_answered", status: response.status });
    if (response.ok) return "delivered";
    return response.status === 410 ? "refused" : "failed";
  } catch {
    // The reason may quote the address, which is the client's.
    parts.log({ event: "webhook_unreachable" });
    return "failed";
  }
}
