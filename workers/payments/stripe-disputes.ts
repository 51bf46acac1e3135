import type { Stripe } from "stripe";

/** A micro-USD is a millionth of a dollar, a cent a hundredth. */
export const microUsdPerCent = 10_000;

/** What a dispute has withdrawn from a payment and returned so far. Its event does not name the account. */
export interface Disputed {
  readonly kind: "disputed";
  readonly disputeId: string;
  readonly paymentId: string;
  /** Totals, in micro-USD: they only grow, so that the order of events does not matter. */
  readonly withdrawnMicroUsd: number;
  readonly returnedMicroUsd: number;
}

type DisputeEvent = Stripe.ChargeDisputeFundsWithdrawnEvent | Stripe.ChargeDisputeFundsReinstatedEvent;

/** Reads an event by which a dispute moved money. */
export function readDispute(
  event: DisputeEvent,
): Disputed | { readonly kind: "ignored"; readonly reason: "unpaid" | "currency" } {
  const { id, payment_intent, currency, amount, status } = event.data.object;
  if (payment_intent === null || amount <= 0) return { kind: "ignored", reason: "unpaid" };
  if (currency !== "usd") return { kind: "ignored", reason: "currency" };
  const { withdrawn, returned } = readMoves(event);
  const microUsd = (share: number) => Math.round(share * amount) * microUsdPerCent;
  return {
    kind: "disputed",
    disputeId: id,
    paymentId: typeof payment_intent === "string" ? payment_intent : payment_intent.id,
    withdrawnMicroUsd: microUsd(withdrawn),
    // Whatever the exchange rate did meanwhile.
    returnedMicroUsd: microUsd(status === "won" ? withdrawn : returned),
  };
}

/**
 * All that moved so far, as shares of the disputed amount. The balance transactions state it without Stripe's fees, in
 * the currency that Stripe pays out, which need not be the payment's.
 */
function readMoves({ type, data }: DisputeEvent): { withdrawn: number; returned: number } {
  const amounts = (data.object.balance_transactions ?? []).map(({ amount }) => amount);
  const whole = -Math.min(0, ...amounts);
  if (whole === 0) return { withdrawn: 1, returned: type === "charge.dispute.funds_reinstated" ? 1 : 0 };
  const sum = (sign: 1 | -1) => amounts.reduce((total, amount) => total + Math.max(0, sign * amount), 0) / whole;
  return { withdrawn: sum(-1), returned: sum(1) };
}
