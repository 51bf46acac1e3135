import { signWebhook } from "./sign-webhook.ts";
import type { Delivery, WebhookAttempt } from "./webhook-attempts.ts";
import { type WebhookMessage, webhookBody } from "./webhook-message.ts";
import { checkWebhookUrl, type WebhookRules } from "./webhook-url.ts";

/** A receiver should note a message and work later: longer than this, and it would hold up those behind it. */
const deliveryTimeoutMs = 15_000;

/**
 * A proxy of the operator's that delivers in the Worker's place, since it can resolve names and refuse private
 * addresses.
 */
export interface WebhookProxy {
  readonly url: string;
  /** Shows the proxy that a delivery is ours. */
  readonly secret: string;
}

/** What delivering takes. */
export interface DeliveryParts {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly nowMs: () => number;
  readonly rules: WebhookRules;
  /** Undefined: the Worker delivers itself. */
  readonly proxy: WebhookProxy | undefined;
  /** The valid secrets of an account, newest first. */
  readonly secretsOf: (account: string) => Promise<readonly string[]>;
  /** Keeps an attempt with its job. */
  readonly noteAttempt: (message: WebhookMessage, attempt: WebhookAttempt) => Promise<unknown>;
  readonly log: (entry: Readonly<Record<string, string | number>>) => void;
}

/**
 * Sends one message. The address is checked again, because the rules may have changed since it waits; a redirect is not
 * followed, since it could lead anywhere; and of the answer nothing but the status is read.
 */
export async function deliverWebhook(parts: DeliveryParts, message: WebhookMessage): Promise<Delivery> {
  const target = checkWebhookUrl(message.url, parts.rules);
  if (!target.ok) return { outcome: "refused", failure: "address_refused" };
  const body = webhookBody(message);
  const timestampSeconds = Math.floor(parts.nowMs() / 1_000);
  const secrets = await parts.secretsOf(message.account);
  const signed = await signWebhook(secrets, { id: message.id, timestampSeconds, body });
  try {
    const { url, headers } = route(target.value, parts.proxy);
    const response = await parts.fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "wuerstchen-edge-webhooks/1",
        ...signed,
        ...headers,
      },
      body,
      redirect: "manual",
      signal: parts.timeout(deliveryTimeoutMs),
    });
    await response.body?.cancel();
    parts.log({ event: "webhook_answered", status: response.status });
    const { ok: isTaken, status } = response;
    if (isTaken) return { outcome: "delivered", status };
    return { outcome: status === 410 ? "refused" : "failed", status };
  } catch {
    // The reason may quote the address, which is the client's.
    parts.log({ event: "webhook_unreachable" });
    return { outcome: "failed", failure: "unreachable" };
  }
}

/** The same message either way: a proxy forwards it to the address in `x-webhook-url`, and answers with its status. */
function route(
  target: URL,
  proxy: WebhookProxy | undefined,
): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
  if (proxy === undefined) return { url: target.href, headers: {} };
  return { url: proxy.url, headers: { authorization: `Bearer ${proxy.secret}`, "x-webhook-url": target.href } };
}
