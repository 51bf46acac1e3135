import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { addSpending, checkAllowance } from "../keys/allowance.ts";
import { recordDelivered, storedSince, unknownSeeds } from "../reuse/delivered-latents.ts";
import { noteStored, withSavings } from "../reuse/latent-list.ts";
import { isAbandoned, takeOver } from "./abandoned.ts";
import { chooseLatents } from "./choose-latents.ts";
import { chargeWithin } from "./endings.ts";
import { drawFromHold } from "./holds.ts";
import { putSettlementEvent, withCustomer } from "./outbox.ts";
import { post, readAvailable } from "./postings.ts";
import {
  type ChosenLatents,
  insufficientQuota,
  outcomeMs,
  type Reservation,
  type ReserveRequest,
  reservationMs,
  settlementOf,
} from "./reservation.ts";
import { findRepeated, insertReservation, type ReservationRow, toReservation } from "./reservation-rows.ts";

/**
 * Holds the most that a request can cost, or finds what it repeats; what was found for it already is charged at once.
 * Fails with `idempotency_key_reused`, as `checkAllowance`, or with `insufficient_quota` when there is less than the
 * ceiling, however little would be charged. Part of its caller's storage transaction.
 */
export function reserveOrCharge(sql: SqlStorage, request: ReserveRequest, nowMs: number): Result<Reservation, Failure> {
  const repeated = findRepeated(sql, request, nowMs);
  if (!repeated.ok) return repeated;
  const before = repeated.value;
  if (before !== undefined && !mayTakeOver(before, request)) return ok(join(sql, before, request));
  const { ceilingMicroUsd, reservationId, holdId, keyId } = request;
  const allowed = checkAllowance(sql, { keyId, ceilingMicroUsd, isOfJob: holdId !== undefined }, nowMs);
  if (!allowed.ok) return allowed;
  const isHeld = holdId !== undefined && drawFromHold(sql, holdId, ceilingMicroUsd);
  const available = readAvailable(sql);
  if (!isHeld && available < ceilingMicroUsd) return err(insufficientQuota(ceilingMicroUsd, available));
  const charged = before === undefined && !isHeld ? chargeFound(sql, request, nowMs) : undefined;
  if (charged !== undefined) return ok(charged);
  const chosen = before ? takeOver(sql, before, reservationId) : chooseLatents(sql, request, nowMs);
  open(sql, { request: { ...request, ...chosen }, isHeld }, nowMs);
  const isRepeat = before !== undefined && before.state !== "released";
  const { recipe } = request;
  const unknown = recipe === undefined ? {} : { unknownSeeds: unknownSeeds(sql, recipe, chosen.seeds) };
  return ok({ isRepeat, reservationId, ...chosen, ...unknown, settlement: undefined });
}

/**
 * A request under way is never taken over, and none by a call of its own that comes again late. One that was released
 * is found only if it expired.
 */
function mayTakeOver(before: ReservationRow, { reservationId, paysAgain }: ReserveRequest): boolean {
  if (before.id === reservationId) return false;
  return isAbandoned(before) || before.state === "released" || (paysAgain === true && before.state === "settled");
}

/**
 * Another request shares what the first holds; the first one, sent again because its answer was lost, holds it already.
 * A job tries a request anew only when the try before has ended: of its tries one holds, even if nobody heard the end
 * of another.
 */
function join(sql: SqlStorage, row: ReservationRow, { reservationId }: ReserveRequest): Reservation {
  const isRepeat = row.id !== reservationId;
  if (isRepeat && row.state === "open" && row.hold_id === null) {
    sql.exec("UPDATE reservations SET holders = holders + 1 WHERE id = ?", row.id);
  }
  return { ...toReservation(row), isRepeat };
}

/** Money out of a hold is held already, so nothing moves. */
function open(
  sql: SqlStorage,
  { request, isHeld }: { readonly request: ReserveRequest & ChosenLatents; readonly isHeld: boolean },
  nowMs: number,
): void {
  const { reservationId: id, ceilingMicroUsd: ceiling, keyId } = request;
  const holdId = isHeld ? request.holdId : undefined;
  insertReservation(sql, { ...request, holdId, dueMs: nowMs + Math.max(reservationMs, request.lastsMs ?? 0) }, nowMs);
  addSpending(sql, keyId ?? null, ceiling, nowMs);
  if (isHeld) return;
  post(sql, { id: `reserve:${id}`, changes: { available: -ceiling, held: ceiling }, atMs: nowMs });
}

/**
 * What reserving and settling would come to, in one go: nothing is held in between, and a repeat finds the settlement.
 * Undefined when nothing was found, or a latent of it is not kept: then a picture would be sold without its latent.
 */
function chargeFound(sql: SqlStorage, request: ReserveRequest, nowMs: number): Reservation | undefined {
  const { reservationId, account, keyId, seeds, recipe, found, ceilingMicroUsd } = request;
  const madeMs = found && storedSince(sql, found.latents, nowMs);
  if (found === undefined || madeMs === undefined) return undefined;
  const charged = chargeWithin(ceilingMicroUsd, found.lines);
  const settlement = withCustomer(sql, settlementOf(withSavings(sql, found.lines)));
  insertReservation(sql, { ...request, holdId: undefined, settlement, dueMs: nowMs + outcomeMs }, nowMs);
  addSpending(sql, keyId ?? null, charged, nowMs);
  post(sql, { id: `settle:${reservationId}`, changes: { spent: charged, available: -charged }, atMs: nowMs });
  putSettlementEvent(sql, { id: reservationId, account, keyId, settlement }, nowMs);
  noteStored(sql, { ...found, form: undefined }, nowMs);
  if (recipe !== undefined) recordDelivered(sql, { recipe, caller: keyId ?? "", ...found }, nowMs);
  return { isRepeat: false, reservationId, seeds, settlement, madeMs };
}
