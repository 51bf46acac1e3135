import type { Handler } from "hono";
import type { Accounts } from "../account/client.ts";
import type { AccountIndex } from "../account/keys/account-index.ts";
import type { Actor } from "../account/keys/audit.ts";
import type { AppEnv, Log } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { PaymentIndex } from "../payments/payment-index.ts";
import { type Payment, type PaymentTrust, readPayment } from "../payments/stripe-events.ts";
import { openWebhook } from "../payments/stripe-signature.ts";
import { readJsonText } from "./read-json.ts";

/** What the route needs. */
export interface StripeServices extends PaymentTrust {
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly paymentIndex: PaymentIndex;
  /** Undefined: Stripe is not used. */
  readonly stripeWebhookSecret: string | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * `POST /v1/stripe/webhook`: payments become credit, refunds and disputes take it back, a dispute that is won gives it
 * back, each once, whatever the number and order of its events. The signature is the permission. An event without
 * effect is answered 200, or Stripe would send it again.
 */
export function stripeWebhook(services: StripeServices): Handler<AppEnv> {
  return async (c) => {
    const { stripeWebhookSecret: secret, nowMs, log } = services;
    if (secret === undefined) return failureResponse(c, { code: "not_found", what: "path" });
    const signature = c.req.header("stripe-signature");
    const body = await readJsonText(c);
    if (!body.ok) return failureResponse(c, body.error);
    const event = await openWebhook(secret, { body: body.value, signature, nowMs: nowMs() });
    if (!event.ok) return failureResponse(c, event.error);
    const payment = readPayment(event.value, services);
    if (payment.kind === "ignored") {
      // Somebody may have paid without a known account, which the operator must learn.
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
  const { paymentIndex, log } = services;
  const { paymentId } = payment;
  const actor = { name: "stripe", requestId: eventId };
  // First noted, then looked for: of a reversal and its payment that come at the same moment, one of the two sees both.
  if (payment.kind === "disputed") await paymentIndex.putDispute(payment);
  if (payment.kind === "refunded") await paymentIndex.putRefund(paymentId, payment.refundedMicroUsd);
  const named = payment.kind === "disputed" ? undefined : payment.account;
  const account = await ownerOf(services, { paymentId, named, eventId });
  if (account === undefined) {
    // It is entered with its payment; an operator may wonder why it is not yet.
    log({ event: "stripe_reversal_waits", stripe_event: eventId, payment: paymentId });
    return;
  }
  await openAccount(services, account, actor);
  if (payment.kind === "paid") await grant(services, { account, payment, actor });
  await enterReversals(services, { account, paymentId }, actor);
}

interface Owned {
  readonly account: string;
  readonly payment: Extract<Payment, { kind: "paid" }>;
  readonly actor: Actor;
}

async function grant({ accounts }: StripeServices, { account, payment, actor }: Owned): Promise<void> {
  await accounts.of(account).grant({ grantId: grantIdOf(payment.paymentId), microUsd: payment.microUsd, actor });
}

interface ClaimedPayment {
  readonly paymentId: string;
  /** Whom the event names. */
  readonly named: string | undefined;
  readonly eventId: string;
}

/**
 * The account that a payment was first claimed for, before anything is granted; undefined: nobody has claimed it yet.
 */
async function ownerOf(
  { paymentIndex, log }: StripeServices,
  { paymentId, named, eventId }: ClaimedPayment,
): Promise<string | undefined> {
  if (named === undefined) return paymentIndex.accountOf(paymentId);
  const owner = await paymentIndex.claimPayment(paymentId, named);
  if (owner !== named) log({ event: "stripe_payment_is_anothers", stripe_event: eventId, payment: paymentId });
  return owner;
}

/** A payment opens its account. */
async function openAccount({ accounts, accountIndex }: StripeServices, account: string, actor: Actor): Promise<void> {
  if ((await accounts.of(account).account()) !== undefined) return;
  await accountIndex.put(await accounts.of(account).changeAccount(account, {}, actor));
}

/** Enters all that is known of a payment's refunds and disputes, each once. */
async function enterReversals(
  { paymentIndex, accounts }: StripeServices,
  { account, paymentId }: { readonly account: string; readonly paymentId: string },
  actor: Actor,
): Promise<void> {
  const grantId = grantIdOf(paymentId);
  const refundedMicroUsd = await paymentIndex.refundedOf(paymentId);
  if (refundedMicroUsd > 0) await accounts.of(account).reverse({ kind: "refunded", grantId, refundedMicroUsd, actor });
  for (const dispute of await paymentIndex.disputesOf(paymentId)) {
    await accounts.of(account).reverse({ ...dispute, grantId, actor });
  }
}

function grantIdOf(paymentId: string): string {
  return `stripe:${paymentId}`;
}
