import { type Balances, post } from "./postings.ts";

/** Credit that is taken back, because its payment was. */
export interface Refund {
  /** The grant by which the payment was entered; it may still be on its way. */
  readonly grantId: string;
  /** All that was refunded of it so far, in micro-USD. */
  readonly refundedMicroUsd: number;
}

/** What is still to be taken back: credit that was spent before its payment was refunded. In micro-USD. */
export function owedMicroUsd(sql: SqlStorage): number {
  return sql.exec<{ micro_usd: number }>("SELECT micro_usd FROM owed").one().micro_usd;
}

/** Notes a refund, and returns what it adds to those of the same grant before: 0 for one that is told again. */
export function noteRefund(sql: SqlStorage, { grantId, refundedMicroUsd }: Refund): number {
  const query = "SELECT micro_usd FROM refunds WHERE grant_id = ?";
  const before = sql.exec<{ micro_usd: number }>(query, grantId).toArray()[0]?.micro_usd ?? 0;
  const added = Math.max(0, refundedMicroUsd - before);
  if (added > 0)
    sql.exec("INSERT OR REPLACE INTO refunds (grant_id, micro_usd) VALUES (?, ?)", grantId, before + added);
  sql.exec("UPDATE owed SET micro_usd = micro_usd + ?", added);
  return added;
}

/** Takes back what is owed, as far as there is credit; the rest is taken from credit to come. Returns what was taken. */
export function collectOwed(sql: SqlStorage, { available }: Balances, atMs: number): number {
  const microUsd = Math.min(owedMicroUsd(sql), available);
  if (microUsd === 0) return 0;
  const { count } = sql.exec<{ count: number }>("UPDATE owed SET count = count + 1 RETURNING count").one();
  sql.exec("UPDATE owed SET micro_usd = micro_usd - ?", microUsd);
  post(sql, { id: `refund:${count}`, changes: { available: -microUsd, granted: microUsd }, atMs });
  return microUsd;
}
