import { type Actor, writeAudit } from "../keys/audit.ts";
import { type Balances, post, readBalances } from "./postings.ts";

/**
 * What is known by now of a payment that went back: totals, so that it does not matter in what order, or how often,
 * they are told. The grant by which the payment was entered may still be on its way.
 */
export type Reversal =
  | {
      readonly kind: "refunded";
      readonly grantId: string;
      /** All that was refunded of it so far, in micro-USD. */
      readonly refundedMicroUsd: number;
    }
  | {
      readonly kind: "disputed";
      readonly grantId: string;
      readonly disputeId: string;
      /** All that the payer's bank took for this dispute so far, and all that it gave back, in micro-USD. */
      readonly withdrawnMicroUsd: number;
      readonly returnedMicroUsd: number;
    };

/** What is still to be taken back: credit that was spent before its payment went back. In micro-USD. */
export function owedMicroUsd(sql: SqlStorage): number {
  return sql.exec<{ micro_usd: number }>("SELECT micro_usd FROM owed").one().micro_usd;
}

/**
 * How much of a grant is to be taken back, in micro-USD: its refunds and what disputes withhold, together no more than
 * it was, because a payment that was both refunded and disputed gave no more credit than that.
 */
export function reversedMicroUsd(sql: SqlStorage, grantId: string): number {
  const { refunded, disputed, granted } = sql
    .exec<{ refunded: number; disputed: number; granted: number | null }>(
      `SELECT (SELECT COALESCE(SUM(micro_usd), 0) FROM refunds WHERE grant_id = ?1) AS refunded,
        (SELECT COALESCE(SUM(MAX(0, withdrawn_micro_usd - returned_micro_usd)), 0)
          FROM disputes WHERE grant_id = ?1) AS disputed,
        (SELECT micro_usd FROM entries WHERE transaction_id = ?2 AND bucket = 'available') AS granted`,
      grantId,
      `grant:${grantId}`,
    )
    .one();
  return Math.min(refunded + disputed, granted ?? Number.POSITIVE_INFINITY);
}

/**
 * Takes back, or gives back, what a reversal changes; nothing for one that is told again. Call it inside a storage
 * transaction.
 */
export function enterReversal(sql: SqlStorage, reversal: Reversal & { readonly actor: Actor }, atMs: number): Balances {
  const { grantId, actor } = reversal;
  const before = reversedMicroUsd(sql, grantId);
  note(sql, reversal);
  const change = reversedMicroUsd(sql, grantId) - before;
  if (change !== 0) {
    const taken = takeBack(sql, change, atMs);
    const details = { micro_usd: change, taken_micro_usd: taken, owed_micro_usd: owedMicroUsd(sql) };
    writeAudit(sql, actor, { action: actionOf(reversal, change), subject: grantId, details }, atMs);
  }
  return readBalances(sql);
}

/**
 * Takes back this much more than before, as far as there is credit; the rest is owed, and taken from credit to come.
 * Less than before: what is owed falls first, and the rest is credit again. Returns what was taken, negative when given
 * back.
 */
export function takeBack(sql: SqlStorage, changeMicroUsd: number, atMs: number): number {
  const owed = owedMicroUsd(sql);
  if (owed === 0 && changeMicroUsd === 0) return 0;
  const due = owed + changeMicroUsd;
  const taken = Math.min(due, readBalances(sql).available);
  const { count } = sql
    .exec<{ count: number }>("UPDATE owed SET micro_usd = ?, count = count + 1 RETURNING count", due - taken)
    .one();
  if (taken !== 0) post(sql, { id: `refund:${count}`, changes: { available: -taken, granted: taken }, atMs });
  return taken;
}

/** Takes what is owed from credit that is free again. */
export function collectOwed(sql: SqlStorage, atMs: number): void {
  takeBack(sql, 0, atMs);
}

function note(sql: SqlStorage, reversal: Reversal): void {
  if (reversal.kind === "refunded") {
    sql.exec(
      `INSERT INTO refunds (grant_id, micro_usd) VALUES (?, ?)
        ON CONFLICT (grant_id) DO UPDATE SET micro_usd = MAX(micro_usd, excluded.micro_usd)`,
      reversal.grantId,
      reversal.refundedMicroUsd,
    );
    return;
  }
  sql.exec(
    `INSERT INTO disputes (id, grant_id, withdrawn_micro_usd, returned_micro_usd) VALUES (?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET withdrawn_micro_usd = MAX(withdrawn_micro_usd, excluded.withdrawn_micro_usd),
        returned_micro_usd = MAX(returned_micro_usd, excluded.returned_micro_usd)`,
    reversal.disputeId,
    reversal.grantId,
    reversal.withdrawnMicroUsd,
    reversal.returnedMicroUsd,
  );
}

function actionOf({ kind }: Reversal, change: number) {
  if (kind === "refunded") return "credit.refunded";
  return change > 0 ? "credit.disputed" : "credit.reinstated";
}
