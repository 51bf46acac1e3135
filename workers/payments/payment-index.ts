import type { Disputed } from "./stripe-disputes.ts";

/**
 * Whose payments they are, and what is refunded and disputed of them. What an account has and owes stands in its
 * ledger.
 */
export interface PaymentIndex {
  /** Claims a payment for an account, once for all accounts: the account that has it, which may be another one. */
  claimPayment(paymentId: string, account: string): Promise<string>;
  /** Notes what was refunded of a payment; the total only grows. */
  putRefund(paymentId: string, refundedMicroUsd: number): Promise<void>;
  /** All that was refunded of a payment so far, in micro-USD. */
  refundedOf(paymentId: string): Promise<number>;
  /** Notes what is known of a dispute; totals only grow. */
  putDispute(dispute: Disputed): Promise<void>;
  /** Undefined: no payment of this name was noted. */
  accountOf(paymentId: string): Promise<string | undefined>;
  disputesOf(paymentId: string): Promise<readonly Disputed[]>;
}

interface DisputeRow {
  readonly dispute_id: string;
  readonly payment_id: string;
  readonly withdrawn_micro_usd: number;
  readonly returned_micro_usd: number;
}

/** The index in D1; see migrations/. */
export function createPaymentIndex(database: Pick<D1Database, "prepare">): PaymentIndex {
  return {
    async claimPayment(paymentId, account) {
      // The update changes nothing: it has the statement return the row that was there first.
      const claim = `INSERT INTO stripe_payments (payment_id, account) VALUES (?, ?)
        ON CONFLICT (payment_id) DO UPDATE SET account = account RETURNING account`;
      const row = await database.prepare(claim).bind(paymentId, account).first<{ account: string }>();
      return row?.account ?? account;
    },

    async putRefund(paymentId, refundedMicroUsd) {
      const upsert = `INSERT INTO stripe_refunds (payment_id, refunded_micro_usd) VALUES (?, ?)
        ON CONFLICT (payment_id) DO UPDATE SET refunded_micro_usd = MAX(refunded_micro_usd, excluded.refunded_micro_usd)`;
      await database.prepare(upsert).bind(paymentId, refundedMicroUsd).run();
    },

    async refundedOf(paymentId) {
      const query = "SELECT refunded_micro_usd FROM stripe_refunds WHERE payment_id = ?";
      const row = await database.prepare(query).bind(paymentId).first<{ refunded_micro_usd: number }>();
      return row?.refunded_micro_usd ?? 0;
    },

    async putDispute({ disputeId, paymentId, withdrawnMicroUsd, returnedMicroUsd }) {
      const upsert = `INSERT INTO stripe_disputes (dispute_id, payment_id, withdrawn_micro_usd, returned_micro_usd)
        VALUES (?, ?, ?, ?) ON CONFLICT (dispute_id) DO UPDATE SET
          withdrawn_micro_usd = MAX(withdrawn_micro_usd, excluded.withdrawn_micro_usd),
          returned_micro_usd = MAX(returned_micro_usd, excluded.returned_micro_usd)`;
      await database.prepare(upsert).bind(disputeId, paymentId, withdrawnMicroUsd, returnedMicroUsd).run();
    },

    async accountOf(paymentId) {
      const query = "SELECT account FROM stripe_payments WHERE payment_id = ?";
      const row = await database.prepare(query).bind(paymentId).first<{ account: string }>();
      return row?.account;
    },

    async disputesOf(paymentId) {
      const query = database.prepare("SELECT * FROM stripe_disputes WHERE payment_id = ?").bind(paymentId);
      const { results } = await query.all<DisputeRow>();
      return results.map(({ dispute_id, payment_id, withdrawn_micro_usd, returned_micro_usd }) => ({
        kind: "disputed",
        disputeId: dispute_id,
        paymentId: payment_id,
        withdrawnMicroUsd: withdrawn_micro_usd,
        returnedMicroUsd: returned_micro_usd,
      }));
    },
  };
}
