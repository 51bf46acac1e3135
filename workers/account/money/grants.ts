import { type Actor, writeAudit } from "../keys/audit.ts";
import { type Balances, isPosted, post, readBalances } from "./postings.ts";
import { reversedMicroUsd, takeBack } from "./reversals.ts";

/** Credit that an account is given. */
export interface Grant {
  /** Unique; the same grant is given once. */
  readonly grantId: string;
  readonly microUsd: number;
  /** Who gives it. */
  readonly actor: Actor;
}

/**
 * Adds credit, once for each grant id, and takes from it what the account owes. Call it inside a storage transaction.
 */
export function enterGrant(sql: SqlStorage, { grantId, microUsd, actor }: Grant, atMs: number): Balances {
  const id = `grant:${grantId}`;
  if (!isPosted(sql, id)) {
    const before = reversedMicroUsd(sql, grantId);
    post(sql, { id, changes: { granted: -microUsd, available: microUsd }, atMs });
    writeAudit(sql, actor, { action: "credit.granted", subject: grantId, details: { micro_usd: microUsd } }, atMs);
    // Now that it is known what it was worth, no more than that is taken back of it.
    takeBack(sql, reversedMicroUsd(sql, grantId) - before, atMs);
  }
  return readBalances(sql);
}
