import type { WorkBudget } from "./reservation.ts";

/** Twice as long as any job may take: a hold that is open then belongs to nothing that still works. */
const holdMs = 48 * 3_600_000;

/** Time for which the outcome of a closed hold is stored, for repeats. */
const closedHoldMs = 24 * 3_600_000;

/** Money kept for many requests to come, out of which their reservations are made. */
export interface HoldRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly state: "open" | "closed";
  /** What no reservation has taken yet, in micro-USD. */
  readonly remaining_micro_usd: number;
  /** What was charged to its reservations. */
  readonly spent_micro_usd: number;
}

/** The hold with this id, in any state. */
export function findHold(sql: SqlStorage, id: string | null): HoldRow | undefined {
  if (id === null) return undefined;
  return sql.exec<HoldRow>("SELECT * FROM holds WHERE id = ?", id).toArray()[0];
}

/** Writes a new hold down. The money is moved by its caller, in the same storage transaction; so for all of these. */
export function putHold(sql: SqlStorage, { holdId, ceilingMicroUsd }: WorkBudget, nowMs: number): void {
  const row = [holdId, ceilingMicroUsd, nowMs + holdMs];
  sql.exec(
    "INSERT INTO holds (id, state, remaining_micro_usd, spent_micro_usd, due_ms) VALUES (?, 'open', ?, 0, ?)",
    ...row,
  );
}

/** Takes an amount out of an open hold, for a reservation. False when there is no such hold, or not so much in it. */
export function drawFromHold(sql: SqlStorage, holdId: string, microUsd: number): boolean {
  const query = `UPDATE holds SET remaining_micro_usd = remaining_micro_usd - ?2
    WHERE id = ?1 AND state = 'open' AND remaining_micro_usd >= ?2 RETURNING id`;
  return sql.exec(query, holdId, microUsd).toArray().length > 0;
}

/** Returns a reservation's amount to its hold. False if the hold is closed: then the amount belongs to the account. */
export function returnToHold(sql: SqlStorage, holdId: string | null, microUsd: number): boolean {
  const query = `UPDATE holds SET remaining_micro_usd = remaining_micro_usd + ?
    WHERE id = ? AND state = 'open' RETURNING id`;
  return sql.exec(query, microUsd, holdId).toArray().length > 0;
}

/** Notes what was charged to a reservation out of a hold. */
export function noteSpent(sql: SqlStorage, holdId: string | null, microUsd: number): void {
  sql.exec("UPDATE holds SET spent_micro_usd = spent_micro_usd + ? WHERE id = ?", microUsd, holdId);
}

/** Closes a hold. */
export function markClosed(sql: SqlStorage, holdId: string, nowMs: number): void {
  const query = "UPDATE holds SET state = 'closed', remaining_micro_usd = 0, due_ms = ? WHERE id = ?";
  sql.exec(query, nowMs + closedHoldMs, holdId);
}

/** Forgets closed holds after their time, and returns those that are open and overdue. */
export function overdueHolds(sql: SqlStorage, nowMs: number): readonly string[] {
  sql.exec("DELETE FROM holds WHERE state = 'closed' AND due_ms <= ?", nowMs);
  const rows = sql.exec<{ id: string }>("SELECT id FROM holds WHERE due_ms <= ?", nowMs).toArray();
  return rows.map(({ id }) => id);
}
