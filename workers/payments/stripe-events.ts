import type { Stripe } from "stripe";
import { isAccountId } from "../auth/key-directory.ts";
import { type Disputed, microUsdPerCent, readDispute } from "./stripe-disputes.ts";

/** What an event of Stripe's means for an account's credit. */
export type Payment =
  | {
      readonly kind: "paid";
      readonly account: string;
      /** Stripe's payment intent: several events tell of one. */
      readonly paymentId: string;
      readonly microUsd: number;
    }
  | {
      readonly kind: "refunded";
      readonly account: string;
      readonly paymentId: string;
      /** All that was refunded of the payment so far. */
      readonly refundedMicroUsd: number;
    }
  | Disputed
  | { readonly kind: "ignored"; readonly reason: "type" | "unpaid" | "currency" | "account" };

/**
 * Reads an event. A checkout that is paid and a payment intent that succeeded are credit; a refunded charge and a dispute
 * take it back. Of a dispute's events only those are read by which money moves: one that is created may be an inquiry,
 * which takes nothing, and one that is closed tells nothing that those have not told. The account stands in `metadata.account` of the object (for a checkout, `client_reference_id` will do as well).
 */
export function readPayment(event: Stripe.Event): Payment {
  switch (event.type) {
    case "checkout.session.completed":
    case "checkout.session.async_payment_succeeded":
      return readCheckout(event.data.object);
    case "payment_intent.succeeded": {
      const { metadata, id, currency, amount_received } = event.data.object;
      return credit({ account: metadata["account"], paymentId: id, currency, cents: amount_received });
    }
    case "charge.refunded": {
      const { metadata, payment_intent, currency, amount_refunded } = event.data.object;
      const paid = credit({
        account: metadata["account"],
        paymentId: payment_intent,
        currency,
        cents: amount_refunded,
      });
      if (paid.kind !== "paid") return paid;
      const { account, paymentId, microUsd } = paid;
      return { kind: "refunded", account, paymentId, refundedMicroUsd: microUsd };
    }
    case "charge.dispute.funds_withdrawn":
    case "charge.dispute.funds_reinstated":
      return readDispute(event);
    default:
      return { kind: "ignored", reason: "type" };
  }
}

/** A subscription's checkout has no payment intent; only single payments are credit. */
function readCheckout(session: Stripe.Checkout.Session): Payment {
  if (session.payment_status !== "paid" || session.payment_intent === null)
    return { kind: "ignored", reason: "unpaid" };
  const account = session.metadata?.["account"] ?? session.client_reference_id;
  const { payment_intent, currency, amount_total } = session;
  return credit({ account, paymentId: payment_intent, currency, cents: amount_total });
}

interface PaidCents {
  readonly account: string | null | undefined;
  readonly paymentId: string | { readonly id: string } | null;
  readonly currency: string | null;
  readonly cents: number | null;
}

function credit({ account, paymentId, currency, cents }: PaidCents): Payment {
  if (paymentId === null || cents === null || cents <= 0) return { kind: "ignored", reason: "unpaid" };
  if (currency !== "usd") return { kind: "ignored", reason: "currency" };
  if (typeof account !== "string" || !isAccountId(account)) return { kind: "ignored", reason: "account" };
  const id = typeof paymentId === "string" ? paymentId : paymentId.id;
  return { kind: "paid", account, paymentId: id, microUsd: cents * microUsdPerCent };
}
