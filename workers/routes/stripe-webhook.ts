import type { Handler } from "hono";
import type { Accounts } from "../account/client.ts";
import type { AccountIndex } from "../account/keys/account-index.ts";
import type { Actor } from "../account/keys/audit.ts";
import type { AppEnv, Log } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { PaymentIndex } from "../payments/payment-index.ts";
import { type Payment, readPayment } from "../payments/stripe-events.ts";
import { openWebhook } from "../payments/stripe-signature.ts";
import { readJsonText } from "./read-json.ts";

/** What the route needs. */
export interface StripeServices {
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly paymentIndex: PaymentIndex;
  /** Undefined: Stripe is not used. */
  readonly stripeWebhookSecret: string | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * `POST /v1/stripe/webhook`: payments become credit, refunds and disputes take it back, a dispute that is won gives it back,
 * each once however often and in whatever order Stripe tells of them. The signature is the permission. What is of no use is answered 200, or it would come again.
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

/** The event's id stands in the audit log; the payment's or dispute's totals decide what was entered before. */
async function enter(
  services: StripeServices,
  payment: Exclude<Payment, { kind: "ignored" }>,
  eventId: string,
): Promise<void> {
  const { paymentIndex, accounts, log } = services;
  const { paymentId } = payment;
  const actor = { name: "stripe", requestId: eventId };
  if (payment.kind === "disputed") {
    await paymentIndex.putDispute(payment);
    const isKnown = await enterDisputes(services, paymentId, actor);
    // It is entered with its payment; an operator may wonder why it is not yet.
    if (!isKnown) log({ event: "stripe_dispute_waits", stripe_event: eventId });
    return;
  }
  await openAccount(services, payment.account, actor);
  const ledger = accounts.of(payment.account);
  const grantId = grantIdOf(paymentId);
  if (payment.kind === "refunded") {
    await ledger.reverse({ kind: "refunded", grantId, refundedMicroUsd: payment.refundedMicroUsd, actor });
    return;
  }
  await ledger.grant({ grantId, microUsd: payment.microUsd, actor });
  // First noted, then looked for: of a dispute that comes at this moment, one of the two sees both.
  await paymentIndex.putPayment(paymentId, payment.account);
  await enterDisputes(services, paymentId, actor);
}

/** Somebody who pays has an account from then on. */
async function openAccount({ accounts, accountIndex }: StripeServices, account: string, actor: Actor): Promise<void> {
  if ((await accounts.of(account).account()) !== undefined) return;
  await accountIndex.put(await accounts.of(account).changeAccount(account, {}, actor));
}

/** Enters all that is known of a payment's disputes. False when it is not known yet whose payment it is. */
async function enterDisputes(
  { paymentIndex, accounts }: StripeServices,
  paymentId: string,
  actor: Actor,
): Promise<boolean> {
  const account = await paymentIndex.accountOf(paymentId);
  if (account === undefined) return false;
  for (const dispute of await paymentIndex.disputesOf(paymentId)) {
    await accounts.of(account).reverse({ ...dispute, grantId: grantIdOf(paymentId), actor });
  }
  return true;
}

function grantIdOf(paymentId: string): string {
  return `stripe:${paymentId}`;
}
