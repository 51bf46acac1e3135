import { AppError, type Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ChargeLine } from "../prices/price-book.ts";
import { checkAllowance, forgetSpending } from "./keys/allowance.ts";
import type { Actor } from "./keys/audit.ts";
import { isSuperseded } from "./money/abandoned.ts";
import { chargeReservation, closeReservation, expire, giveBack } from "./money/endings.ts";
import { enterGrant, type Grant } from "./money/grants.ts";
import { findHold, markClosed, overdueHolds, putHold } from "./money/holds.ts";
import { type Balances, post, readAvailable, readBalances } from "./money/postings.ts";
import {
  insufficientQuota,
  type Reservation,
  type ReserveRequest,
  type Settlement,
  settlementOf,
  type WorkBudget,
} from "./money/reservation.ts";
import { findReservation, type ReservationRow, readSettlement } from "./money/reservation-rows.ts";
import { reserveOrCharge } from "./money/reserve.ts";
import { collectOwed, enterReversal, type Reversal } from "./money/reversals.ts";
import { putWork } from "./money/work-notes.ts";
import { type DeliveredLatent, forgetLatent, recordDelivered } from "./reuse/delivered-latents.ts";
import { type LatentEntry, readLatentList } from "./reuse/latent-list.ts";
import { forgetRotations } from "./reuse/rotation.ts";
import { forgetPrompts } from "./reuse/similar-prompts.ts";
import { migrate } from "./schema.ts";

/** The work of a request that is answered, or for which some was done. */
export interface WorkDone {
  readonly reservationId: string;
  readonly lines: readonly ChargeLine[];
  /** The latents that were delivered, for requests to come. */
  readonly latents?: readonly DeliveredLatent[] | undefined;
}

type BookStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

/**
 * The books of one account. Always true: no balance is negative, what is held is the sum of the open reservations, and
 * the entries sum to the balances. Every method is one storage transaction and may be repeated.
 */
export class AccountBook {
  readonly #storage: BookStorage;
  readonly #sql: SqlStorage;

  constructor(storage: BookStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    migrate(storage);
  }

  balances(): Balances {
    return readBalances(this.#sql);
  }

  /** Adds credit, once for each grant id. */
  grant(grant: Grant, nowMs: number): Balances {
    return this.#transact(() => enterGrant(this.#sql, grant, nowMs));
  }

  /**
   * Takes credit back whose payment was refunded or disputed, and gives it back when a dispute is won: once however
   * often it is told, and before the grant as well as after. What was spent already is taken from the credit that comes
   * next.
   */
  reverse(reversal: Reversal & { readonly actor: Actor }, nowMs: number): Balances {
    return this.#transact(() => enterReversal(this.#sql, reversal, nowMs));
  }

  /** See `reserveOrCharge`. */
  reserve(request: ReserveRequest, nowMs: number): Result<Reservation, Failure> {
    return this.#transact(() => reserveOrCharge(this.#sql, request, nowMs));
  }

  /** Fails as a new `hold` of that much would. Changes nothing. */
  checkHold({ keyId, ceilingMicroUsd }: Omit<WorkBudget, "holdId">, nowMs: number): Result<undefined, Failure> {
    const allowed = checkAllowance(this.#sql, { keyId, ceilingMicroUsd, isOfJob: true }, nowMs);
    if (!allowed.ok) return allowed;
    const available = readAvailable(this.#sql);
    return available < ceilingMicroUsd ? err(insufficientQuota(ceilingMicroUsd, available)) : ok(undefined);
  }

  /**
   * Holds money for many requests to come, once for each hold id. Fails as `checkAllowance`, or `insufficient_quota`.
   */
  hold(budget: WorkBudget, nowMs: number): Result<undefined, Failure> {
    return this.#transact(() => {
      const { holdId, ceilingMicroUsd: ceiling } = budget;
      if (findHold(this.#sql, holdId) !== undefined) return ok(undefined);
      const holdable = this.checkHold(budget, nowMs);
      if (!holdable.ok) return holdable;
      putHold(this.#sql, budget, nowMs);
      post(this.#sql, { id: `hold:${holdId}`, changes: { available: -ceiling, held: ceiling }, atMs: nowMs });
      return ok(undefined);
    });
  }

  /**
   * Closes a hold: what its reservations have not settled is charged for the latents that were made, and the rest is
   * given back. Returns what was charged in all, in micro-USD; undefined when the hold is unknown by now.
   */
  endHold(holdId: string, nowMs: number): number | undefined {
    return this.#transact(() => {
      if (findHold(this.#sql, holdId)?.state === "open") this.#closeHold(holdId, nowMs);
      return findHold(this.#sql, holdId)?.spent_micro_usd;
    });
  }

  /** Records work as soon as it is done, so that it is charged even if no request is left to settle. */
  recordWork({ reservationId, lines }: WorkDone): void {
    this.#transact(() => {
      if (findReservation(this.#sql, reservationId)?.state === "open") putWork(this.#sql, reservationId, lines);
    });
  }

  /**
   * Charges what was done and gives the rest back; a second call gives the first one's settlement. After a release it
   * charges what is available, or fails with `insufficient_quota`; nothing, if a repeat pays instead. Throws when the
   * work exceeds the ceiling.
   */
  settle({ reservationId, lines, latents = [] }: WorkDone, nowMs: number): Result<Settlement, Failure> {
    return this.#transact(() => {
      const row = findReservation(this.#sql, reservationId);
      if (row === undefined) throw new AppError("There is no such reservation.");
      const before = readSettlement(row.settlement);
      if (before !== undefined) return ok(before);
      if (isSuperseded(row)) return ok(settlementOf([]));
      const settled = chargeReservation(this.#sql, { row, claimed: lines, latents }, nowMs);
      const { recipe, key_id } = row;
      if (settled.ok && recipe !== null && latents.length > 0) {
        recordDelivered(this.#sql, { recipe, caller: key_id ?? "", latents, lines: settled.value.lines }, nowMs);
      }
      return settled;
    });
  }

  /** Releases everything once no request holds the reservation: nothing was delivered, so nothing is charged. */
  release(reservationId: string, nowMs: number): void {
    this.#letGo(reservationId, (row) => giveBack(this.#sql, row, nowMs));
  }

  /**
   * As `release`, for a request whose client left: what had run for it by then is charged, as it was noted and as
   * `lines` say besides. A repeat of it pays for the rest.
   */
  abandon({ reservationId, lines }: WorkDone, nowMs: number): void {
    this.#letGo(reservationId, (row) => closeReservation(this.#sql, row, nowMs), lines);
  }

  /** Records that the client has left, in case no request is left to abandon the reservation. */
  noteLeft(reservationId: string): void {
    this.#sql.exec("UPDATE reservations SET client_left = 1 WHERE id = ? AND holders = 1", reservationId);
  }

  /** The newest latents that the account keeps, those before the place `before`. */
  latentList(before: number, limit: number): readonly LatentEntry[] {
    return readLatentList(this.#sql, before, limit);
  }

  /** No request without a seed is given this latent any more, and no list shows it. */
  forgetLatent(latentId: string): void {
    this.#transact(() => forgetLatent(this.#sql, latentId));
  }

  /**
   * Closes reservations that are overdue, and forgets outcomes after their time. A reservation that nobody has ended is
   * of a request that the service itself cut: it was not answered, so nothing is charged, unless its client had left
   * before.
   */
  sweep(nowMs: number): void {
    this.#transact(() => {
      const due = this.#sql.exec<ReservationRow>("SELECT * FROM reservations WHERE due_ms <= ?", nowMs).toArray();
      for (const row of due) {
        if (row.state !== "open") this.#sql.exec("DELETE FROM reservations WHERE id = ?", row.id);
        else if (row.client_left === 1) closeReservation(this.#sql, row, nowMs);
        else expire(this.#sql, row, nowMs);
      }
      for (const holdId of overdueHolds(this.#sql, nowMs)) this.#closeHold(holdId, nowMs);
      forgetSpending(this.#sql, nowMs);
      forgetRotations(this.#sql, nowMs);
      forgetPrompts(this.#sql, nowMs);
    });
  }

  /** When `sweep` has something to do next; undefined: never. */
  nextDueMs(): number | undefined {
    // Each part is the first entry of an index; over their union, every row would be looked at.
    const query = `SELECT MIN(due_ms) AS due FROM
      (SELECT MIN(due_ms) AS due_ms FROM reservations UNION ALL SELECT MIN(due_ms) FROM holds)`;
    const { due } = this.#sql.exec<{ due: number | null }>(query).one();
    return due ?? undefined;
  }

  #letGo(reservationId: string, close: (row: ReservationRow) => void, lines: readonly ChargeLine[] = []): void {
    this.#transact(() => {
      const row = findReservation(this.#sql, reservationId);
      if (row?.state !== "open") return;
      putWork(this.#sql, reservationId, lines);
      if (row.holders === 1) return close(row);
      this.#sql.exec("UPDATE reservations SET holders = holders - 1 WHERE id = ?", row.id);
    });
  }

  #closeHold(holdId: string, nowMs: number): void {
    const query = "SELECT * FROM reservations WHERE hold_id = ? AND state = 'open'";
    for (const row of this.#sql.exec<ReservationRow>(query, holdId).toArray()) closeReservation(this.#sql, row, nowMs);
    const rest = findHold(this.#sql, holdId)?.remaining_micro_usd ?? 0;
    post(this.#sql, { id: `unhold:${holdId}`, changes: { held: -rest, available: rest }, atMs: nowMs });
    collectOwed(this.#sql, nowMs);
    markClosed(this.#sql, holdId, nowMs);
  }

  #transact<Value>(work: () => Value): Value {
    return this.#storage.transactionSync(work);
  }
}
