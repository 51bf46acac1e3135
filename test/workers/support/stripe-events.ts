import { Stripe } from "stripe";
import type { TestEdge } from "./test-edge.ts";

/** How a webhook differs from an honest new one. */
export interface Sent {
  readonly id?: string;
  readonly signedWith?: string;
  readonly ageSeconds?: number;
}

/** Sends webhooks as Stripe does, signed by Stripe's own package. */
export function stripeTo(edge: TestEdge) {
  const secret = edge.env.STRIPE_WEBHOOK_SECRET ?? "";
  let events = 0;
  return async (type: string, object: object, { id, signedWith = secret, ageSeconds = 0 }: Sent = {}) => {
    events += 1;
    const payload = JSON.stringify({ id: id ?? `evt_${events}`, object: "event", type, data: { object } });
    const timestamp = Math.floor(edge.nowMs / 1_000) - ageSeconds;
    const cryptoProvider = Stripe.createSubtleCryptoProvider();
    const header = await Stripe.webhooks.generateTestHeaderStringAsync({
      payload,
      secret: signedWith,
      timestamp,
      cryptoProvider,
    });
    return edge.fetch("/v1/stripe/webhook", {
      method: "POST",
      headers: { "content-type": "application/json", "stripe-signature": header },
      body: payload,
    });
  };
}

const cents = (account: string, more: object = {}) => ({ metadata: { account }, currency: "usd", ...more });

/** A payment intent that succeeded. */
export const intent = (id: string, account: string, amount: number) => cents(account, { id, amount_received: amount });

/** A checkout that is paid. */
export const checkout = (paymentId: string, account: string, amount: number) =>
  cents(account, { id: "cs_1", payment_status: "paid", payment_intent: paymentId, amount_total: amount });

/** A charge of which so much was refunded by now. */
export const charge = (paymentId: string, account: string, refunded: number) =>
  cents(account, { id: "ch_1", payment_intent: paymentId, amount_refunded: refunded });

/** A dispute with its balance transactions so far: negative what was withdrawn. Nothing in it names an account. */
export const dispute = (paymentId: string, amount: number, moves: readonly number[], status = "needs_response") => ({
  id: `du_${paymentId}`,
  object: "dispute",
  payment_intent: paymentId,
  charge: "ch_1",
  metadata: {},
  amount,
  currency: "usd",
  status,
  is_charge_refundable: false,
  reason: "fraudulent",
  balance_transactions: moves.map((move, index) => ({
    id: `txn_${index}`,
    object: "balance_transaction",
    type: "adjustment",
    currency: "usd",
    amount: move,
    fee: move < 0 ? 1_500 : 0,
    net: move < 0 ? move - 1_500 : move,
  })),
});
