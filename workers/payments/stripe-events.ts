import type { Stripe } from "stripe";
import { isAccountId } from "../auth/key-directory.ts";
import { type Disputed, microUsdPerCent, readDispute } from "./stripe-disputes.ts";

/** A refund finds its payment by the payment's id. */
export interface Refunded {
  readonly kind: "refunded";
  readonly paymentId: string;
  /** All that was refunded of the payment so far. */
  readonly refundedMicroUsd: number;
  /** What the operator wrote into the payment's metadata, which Stripe copies to its charges; undefined: nothing. */
  readonly account: string | undefined;
}

/** Whose word counts for whose payment it is. */
export interface PaymentTrust {
  /** Whether a checkout's `client_reference_id` names the account where its metadata does not. */
  readonly trustsClientReference: boolean;
}

/** What an event of Stripe's means for an account's credit. */
export type Payment =
  | {
      readonly kind: "paid";
      readonly account: string;
      /** Stripe's payment intent; several events may name it. */
      readonly paymentId: string;
      readonly microUsd: number;
    }
  | Refunded
  | Disputed
  | { readonly kind: "ignored"; readonly reason: "type" | "unpaid" | "currency" | "account" };

/**
 * Reads an event. A paid checkout and a succeeded payment intent are credit; a refunded charge and a dispute take it
 * back. Of a dispute's events only those that move money are read: a created one may be an inquiry, which takes
 * nothing, and a closed one adds nothing to them. The account is
 * `metadata.account` of the object, which the operator writes. A checkout's `client_reference_id` can be written by the
 * buyer (Stripe's payment links take it from the address), so it counts only where the operator says so.
 */
export function readPayment(event: Stripe.Event, { trustsClientReference }: PaymentTrust): Payment {
  switch (event.type) {
    case "checkout.session.completed":
    case "checkout.session.async_payment_succeeded":
      return readCheckout(event.data.object, trustsClientReference);
    case "payment_intent.succeeded": {
      const { metadata, id, currency, amount_received } = event.data.object;
      return credit({ account: metadata["account"], paymentId: id, currency, cents: amount_received });
    }
    case "charge.refunded": {
      const { metadata, payment_intent, currency, amount_refunded } = event.data.object;
      const money = readMoney({ paymentId: payment_intent, currency, cents: amount_refunded });
      if (money.kind === "ignored") return money;
      const { paymentId, microUsd: refundedMicroUsd } = money;
      return { kind: "refunded", paymentId, refundedMicroUsd, account: accountIn(metadata["account"]) };
    }
    case "charge.dispute.funds_withdrawn":
    case "charge.dispute.funds_reinstated":
      return readDispute(event);
    default:
      return { kind: "ignored", reason: "type" };
  }
}

/** A subscription's checkout has no payment intent; only single payments are credit. */
function readCheckout(session: Stripe.Checkout.Session, trustsClientReference: boolean): Payment {
  if (session.payment_status !== "paid" || session.payment_intent === null)
    return { kind: "ignored", reason: "unpaid" };
  const reference = trustsClientReference ? session.client_reference_id : undefined;
  const account = session.metadata?.["account"] ?? reference;
  const { payment_intent, currency, amount_total } = session;
  return credit({ account, paymentId: payment_intent, currency, cents: amount_total });
}

interface Cents {
  readonly paymentId: string | { readonly id: string } | null;
  readonly currency: string | null;
  readonly cents: number | null;
}

interface PaidCents extends Cents {
  readonly account: string | null | undefined;
}

function credit({ account: named, ...cents }: PaidCents): Payment {
  const money = readMoney(cents);
  if (money.kind === "ignored") return money;
  const account = accountIn(named);
  return account === undefined ? { kind: "ignored", reason: "account" } : { ...money, kind: "paid", account };
}

type Money =
  | { readonly kind: "money"; readonly paymentId: string; readonly microUsd: number }
  | { readonly kind: "ignored"; readonly reason: "unpaid" | "currency" };

function readMoney({ paymentId, currency, cents }: Cents): Money {
  if (paymentId === null || cents === null || cents <= 0) return { kind: "ignored", reason: "unpaid" };
  if (currency !== "usd") return { kind: "ignored", reason: "currency" };
  const id = typeof paymentId === "string" ? paymentId : paymentId.id;
  return { kind: "money", paymentId: id, microUsd: cents * microUsdPerCent };
}

function accountIn(named: string | null | undefined): string | undefined {
  return typeof named === "string" && isAccountId(named) ? named : undefined;
}
