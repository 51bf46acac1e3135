import type { Handler } from "hono";
import type { AccountIndex } from "../accounts/account-index.ts";
import type { Accounts } from "../accounts/accounts-client.ts";
import type { Ledgers } from "../ledger/ledger-client.ts";
import type { AppEnv, Log } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { type Payment, readPayment } from "../payments/stripe-events.ts";
import { openWebhook } from "../payments/stripe-signature.ts";
import { readJsonText } from "./read-json.ts";

/** What the route needs. */
export interface StripeServices {
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly ledgers: Ledgers;
  /** Undefined: Stripe is not used. */
  readonly stripeWebhookSecret: string | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * `POST /v1/stripe/webhook`: payments become credit, refunds take it back, each once however often and in whatever order
 * Stripe tells of them. The signature is the permission. What is of no use is answered 200, or it would come again.
 */
export function stripeWebhook(services: StripeServices): Handler<AppEnv> {
  return async (c) => {
    const { stripeWebhookSecret: secret, nowMs, log } = services;
    if (secret === undefined) return failureResponse(c, { code: "not_found", what: "path" });
    const signature = c.req.header("stripe-signature");
    const body = await readJsonText(c.req);
    if (!body.ok) return failureResponse(c, body.error);
    const event = await openWebhook(secret, { body: body.value, signature, nowMs: nowMs() });
    if (!event.ok) return failureResponse(c, event.error);
    const payment = readPayment(event.value);
    if (payment.kind === "ignored") {
      // Somebody may have paid for an account that nobody can tell: that must not pass without a word.
      if (payment.reason !== "type") log({ event: "stripe_ignored", stripe_event: event.value.id, ...payment });
    } else await enter(services, payment, event.value.id);
    return c.json({ received: true }, 200, { "cache-control": "no-store" });
  };
}

/** The event's id stands in the audit log; the payment's id decides what was entered before. */
async function enter(
  { accounts, accountIndex, ledgers }: StripeServices,
  payment: Exclude<Payment, { kind: "ignored" }>,
  eventId: string,
): Promise<void> {
  const { account, paymentId } = payment;
  const actor = { name: "stripe", requestId: eventId };
  // Somebody who pays has an account from then on.
  if ((await accounts.of(account).account()) === undefined) {
    await accountIndex.put(await accounts.of(account).changeAccount(account, {}, actor));
  }
  const ledger = ledgers.of(account);
  if (payment.kind === "paid") {
    await ledger.grant({ grantId: `stripe:${paymentId}`, microUsd: payment.microUsd, actor });
  } else {
    await ledger.refund({ grantId: `stripe:${paymentId}`, refundedMicroUsd: payment.refundedMicroUsd, actor });
  }
}
