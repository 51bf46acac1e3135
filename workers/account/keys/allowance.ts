import type { Failure } from "../../../shared/errors.ts";
import { concurrencyMaxDefault } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { readAccount } from "./account-record.ts";
import { findKey, isKeyValid } from "./key-record.ts";

const dayMs = 86_400_000;

/** How long the sums of a day are kept: nothing is added to them once its reservations are forgotten. */
const spendingDaysKept = 3;

/** A request that ended without a report counts until its reservation expires; no client should wait that long. */
const retryAfterSecondsMax = 60;

/** A request that is about to be paid for. */
export interface Spender {
  /** Undefined: no key, so none that is limited. */
  readonly keyId: string | undefined;
  readonly ceilingMicroUsd: number;
  /** Whether it is part of a job, which paces itself and so takes none of the places of requests. */
  readonly isOfJob: boolean;
}

/**
 * Whether the account takes another request now. Fails with `account_suspended`, `concurrency_limit_exceeded`,
 * `invalid_api_key` when the key was revoked meanwhile, or `key_budget_exceeded`.
 */
export function checkAllowance(sql: SqlStorage, spender: Spender, nowMs: number): Result<undefined, Failure> {
  const account = readAccount(sql);
  if (account?.suspended) return err({ code: "account_suspended" });
  const requestsMax = account?.concurrencyMax ?? concurrencyMaxDefault;
  if (!spender.isOfJob) {
    const { count, ageSeconds } = openRequests(sql, nowMs);
    const retryAfterSeconds = Math.min(ageSeconds, retryAfterSecondsMax);
    if (count >= requestsMax) return err({ code: "concurrency_limit_exceeded", requestsMax, retryAfterSeconds });
  }
  if (spender.keyId === undefined) return ok(undefined);
  const key = findKey(sql, spender.keyId);
  if (key === undefined || !isKeyValid(key, nowMs)) return err({ code: "invalid_api_key" });
  const { budgetMicroUsdPerDay: budgetMicroUsd = Number.POSITIVE_INFINITY } = key;
  const spending = spentMicroUsd(sql, spender.keyId, nowMs) + spender.ceilingMicroUsd;
  return spending > budgetMicroUsd ? err({ code: "key_budget_exceeded", budgetMicroUsd }) : ok(undefined);
}

/** What a key's requests of the day of `atMs` were charged and hold. */
export function spentMicroUsd(sql: SqlStorage, keyId: string, atMs: number): number {
  const query = "SELECT micro_usd FROM key_spending WHERE key_id = ? AND day = ?";
  return sql.exec<{ micro_usd: number }>(query, keyId, dayOf(atMs)).toArray()[0]?.micro_usd ?? 0;
}

/** Moves what a key spent on the day of `atMs`; nothing without a key. */
export function addSpending(sql: SqlStorage, keyId: string | null, microUsd: number, atMs: number): void {
  if (keyId === null) return;
  sql.exec(
    `INSERT INTO key_spending VALUES (?, ?, ?)
     ON CONFLICT (key_id, day) DO UPDATE SET micro_usd = micro_usd + excluded.micro_usd`,
    keyId,
    dayOf(atMs),
    microUsd,
  );
}

/** Deletes sums that no limit needs any more. */
export function forgetSpending(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM key_spending WHERE day < ?", dayOf(nowMs) - spendingDaysKept);
}

/** The number of requests in flight and their mean age: about half of them will end within that time. */
function openRequests(sql: SqlStorage, nowMs: number): { readonly count: number; readonly ageSeconds: number } {
  const query =
    "SELECT COUNT(*) AS count, AVG(created_ms) AS mean_ms FROM reservations WHERE state = 'open' AND hold_id IS NULL";
  const { count, mean_ms } = sql.exec<{ count: number; mean_ms: number | null }>(query).one();
  return { count, ageSeconds: (nowMs - (mean_ms ?? nowMs)) / 1_000 };
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / dayMs);
}
