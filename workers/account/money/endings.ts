import { AppError, type Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type ChargeLine, sumMicroUsd } from "../../prices/price-book.ts";
import { addSpending } from "../keys/allowance.ts";
import { type ChargedLatents, noteStored, withSavings } from "../reuse/latent-list.ts";
import { markAbandoned } from "./abandoned.ts";
import { noteSpent, returnToHold } from "./holds.ts";
import { putSettlementEvent, withCustomer } from "./outbox.ts";
import { post, readBalances } from "./postings.ts";
import { insufficientQuota, outcomeMs, type Settlement, settlementOf } from "./reservation.ts";
import { latentFormOf, type ReservationRow } from "./reservation-rows.ts";
import { collectOwed } from "./reversals.ts";
import { dropWork, readWork, withinCeiling, withWork } from "./work-notes.ts";

// How a reservation ends. Every function here is part of its caller's storage transaction.

/** What a request says was done for it. */
interface ClaimedWork extends Pick<ChargedLatents, "latents"> {
  readonly row: ReservationRow;
  readonly claimed: readonly ChargeLine[];
}

/**
 * Charges what was noted for a reservation and what is claimed besides, and gives the rest of its money back. Fails
 * with `insufficient_quota` when it was released before and there is too little. Throws when the work exceeds its
 * ceiling.
 */
export function chargeReservation(
  sql: SqlStorage,
  { row, claimed, latents }: ClaimedWork,
  nowMs: number,
): Result<Settlement, Failure> {
  const lines = withinCeiling(row.ceiling_micro_usd, withWork(claimed, readWork(sql, row.id)));
  const charged = chargeWithin(row.ceiling_micro_usd, lines);
  const { id, account } = row;
  const held = row.state === "open" ? row.ceiling_micro_usd : 0;
  const { available } = readBalances(sql);
  if (held + available < charged) return err(insufficientQuota(charged, available));
  post(sql, { id: `settle:${id}`, changes: { held: -held, spent: charged, available: held - charged }, atMs: nowMs });
  if (charged < held) collectOwed(sql, nowMs);
  noteSpent(sql, row.hold_id, charged);
  addSpending(sql, row.key_id, charged - held, row.created_ms);
  const settlement = withCustomer(sql, settlementOf(withSavings(sql, lines)));
  sql.exec(
    "UPDATE reservations SET state = 'settled', settlement = ?, due_ms = ? WHERE id = ?",
    JSON.stringify(settlement),
    nowMs + outcomeMs,
    id,
  );
  dropWork(sql, id);
  putSettlementEvent(sql, { id, account, keyId: row.key_id ?? undefined, settlement }, nowMs);
  noteStored(sql, { lines, form: latentFormOf(row), latents }, nowMs);
  return ok(settlement);
}

/** What some work costs. Throws when that is more than the ceiling. */
export function chargeWithin(ceilingMicroUsd: number, lines: readonly ChargeLine[]): number {
  const charged = sumMicroUsd(lines);
  if (charged > ceilingMicroUsd) throw new AppError("A request did more than its ceiling allows.");
  return charged;
}

/** Charges the recorded work of a reservation that no request holds, or releases everything. */
export function closeReservation(sql: SqlStorage, row: ReservationRow, nowMs: number): void {
  const hasWork = readWork(sql, row.id).length > 0;
  if (!hasWork) giveBack(sql, row, nowMs);
  else if (chargeReservation(sql, { row, claimed: [], latents: [] }, nowMs).ok) markAbandoned(sql, row.id);
}

/** Gives back all that a reservation holds, and frees its key: a repeat is a new request. */
export function giveBack(sql: SqlStorage, row: ReservationRow, nowMs: number): void {
  expire(sql, row, nowMs);
  sql.exec("UPDATE reservations SET idempotency_key = NULL WHERE id = ?", row.id);
}

/**
 * Gives back all that an overdue reservation holds. Its request may be at work all the same, and settle: so it keeps
 * its key, until a repeat takes its place and pays instead.
 */
export function expire(
  sql: SqlStorage,
  { id, ceiling_micro_usd: ceiling, hold_id, key_id, created_ms }: ReservationRow,
  nowMs: number,
): void {
  addSpending(sql, key_id, -ceiling, created_ms);
  if (!returnToHold(sql, hold_id, ceiling)) {
    post(sql, { id: `release:${id}`, changes: { held: -ceiling, available: ceiling }, atMs: nowMs });
    collectOwed(sql, nowMs);
  }
  sql.exec("UPDATE reservations SET state = 'released', due_ms = ? WHERE id = ?", nowMs + outcomeMs, id);
  dropWork(sql, id);
}
