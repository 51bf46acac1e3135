import { AppError, type Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { readAccount } from "../accounts/account-record.ts";
import { addSpending, checkAllowance, forgetSpending } from "../accounts/allowance.ts";
import type { Actor } from "../accounts/audit.ts";
import { isAbandoned, markAbandoned, takeOver } from "./abandoned.ts";
import { chooseLatents } from "./choose-latents.ts";
import { enterGrant, type Grant } from "./grants.ts";
import { drawFromHold, findHold, markClosed, noteSpent, overdueHolds, putHold, returnToHold } from "./holds.ts";
import { forgetLatent, forgetTurns, type KeptLatent, keepLatents } from "./kept-latents.ts";
import { putEvent } from "./outbox.ts";
import { type Balances, post, readBalances } from "./postings.ts";
import { type ChargeLine, priceBookVersion, sumMicroUsd } from "./price-book.ts";
import {
  type ChosenLatents,
  findRepeated,
  findReservation,
  outcomeMs,
  type Reservation,
  type ReservationRow,
  type ReserveRequest,
  readSettlement,
  reservationMs,
  type Settlement,
  toReservation,
  type WorkBudget,
} from "./reservation.ts";
import { enterReversal, type Reversal } from "./reversals.ts";
import { migrate } from "./schema.ts";
import { forgetPrompts } from "./similar-prompts.ts";
import { dropWork, putWork, readWork, withWork } from "./work.ts";

/** The work of a request that is answered, or for which some was done. */
export interface WorkDone {
  readonly reservationId: string;
  readonly lines: readonly ChargeLine[];
  /** The latents that were delivered, for requests to come. */
  readonly latents?: readonly KeptLatent[] | undefined;
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
   * Takes credit back whose payment was refunded or disputed, and gives it back when a dispute is won: once however often
   * it is told, and before the grant as well as after. What was spent already is taken from the credit that comes next.
   */
  reverse(reversal: Reversal & { readonly actor: Actor }, nowMs: number): Balances {
    return this.#transact(() => enterReversal(this.#sql, reversal, nowMs));
  }

  /** Holds the ceiling. Fails as `checkAllowance`, with `insufficient_quota`, or `idempotency_key_reused`. */
  reserve(request: ReserveRequest, nowMs: number): Result<Reservation, Failure> {
    return this.#transact(() => {
      const repeated = findRepeated(this.#sql, request, nowMs);
      if (!repeated.ok) return repeated;
      const before = repeated.value;
      if (before !== undefined && !isAbandoned(before)) return ok(this.#join(before));
      const { ceilingMicroUsd, reservationId, holdId, keyId } = request;
      const allowed = checkAllowance(this.#sql, { keyId, ceilingMicroUsd, isOfJob: holdId !== undefined }, nowMs);
      if (!allowed.ok) return allowed;
      const isHeld = holdId !== undefined && drawFromHold(this.#sql, holdId, ceilingMicroUsd);
      const { available } = this.balances();
      if (!isHeld && available < ceilingMicroUsd) return err(insufficient(ceilingMicroUsd, available));
      const chosen = before ? takeOver(this.#sql, before, reservationId) : chooseLatents(this.#sql, request, nowMs);
      this.#open({ ...request, ...chosen }, isHeld, nowMs);
      return ok({ isRepeat: before !== undefined, reservationId, ...chosen, settlement: undefined });
    });
  }

  /** Holds money for many requests to come, once for each hold id. Fails as `checkAllowance`, or `insufficient_quota`. */
  hold(budget: WorkBudget, nowMs: number): Result<undefined, Failure> {
    return this.#transact(() => {
      const { holdId, keyId, ceilingMicroUsd: ceiling } = budget;
      if (findHold(this.#sql, holdId) !== undefined) return ok(undefined);
      const allowed = checkAllowance(this.#sql, { keyId, ceilingMicroUsd: ceiling, isOfJob: true }, nowMs);
      if (!allowed.ok) return allowed;
      const { available } = this.balances();
      if (available < ceiling) return err(insufficient(ceiling, available));
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

  /** Notes work as soon as it is done, so that it is charged even if nobody is left to settle. */
  recordWork({ reservationId, lines }: WorkDone): void {
    this.#transact(() => {
      if (findReservation(this.#sql, reservationId)?.state === "open") putWork(this.#sql, reservationId, lines);
    });
  }

  /**
   * Charges what was done and gives the rest back; a second call gives the first one's settlement. After a release it
   * charges what is available, or fails with `insufficient_quota`. Throws when the work exceeds the ceiling.
   */
  settle({ reservationId, lines, latents = [] }: WorkDone, nowMs: number): Result<Settlement, Failure> {
    return this.#transact(() => {
      const row = findReservation(this.#sql, reservationId);
      if (row === undefined) throw new AppError("There is no such reservation.");
      const before = readSettlement(row.settlement);
      if (before !== undefined) return ok(before);
      const settled = this.#charge(row, lines, nowMs);
      const { recipe, key_id } = row;
      if (settled.ok && recipe !== null && latents.length > 0) {
        keepLatents(this.#sql, { recipe, caller: key_id ?? "", latents, lines: settled.value.lines }, nowMs);
      }
      return settled;
    });
  }

  /** Gives everything back, once nobody holds the reservation any more: nothing was delivered, so nothing is charged. */
  release(reservationId: string, nowMs: number): void {
    this.#letGo(reservationId, (row) => this.#giveBack(row, nowMs));
  }

  /**
   * As `release`, for a request whose client left: the latents that were made for it by then are charged, and there to
   * be fetched. A repeat of it pays for the rest.
   */
  abandon(reservationId: string, nowMs: number): void {
    this.#letGo(reservationId, (row) => this.#close(row, nowMs));
  }

  /** No request without a seed is given this latent any more. */
  forgetLatent(latentId: string): void {
    this.#transact(() => forgetLatent(this.#sql, latentId));
  }

  /** Closes reservations that are overdue, charging the work noted for them, and forgets outcomes after their time. */
  sweep(nowMs: number): void {
    this.#transact(() => {
      const due = this.#sql.exec<ReservationRow>("SELECT * FROM reservations WHERE due_ms <= ?", nowMs).toArray();
      for (const row of due) {
        if (row.state !== "open") this.#sql.exec("DELETE FROM reservations WHERE id = ?", row.id);
        else this.#close(row, nowMs);
      }
      for (const holdId of overdueHolds(this.#sql, nowMs)) this.#closeHold(holdId, nowMs);
      forgetSpending(this.#sql, nowMs);
      forgetTurns(this.#sql, nowMs);
      forgetPrompts(this.#sql, nowMs);
    });
  }

  /** When `sweep` has something to do next; undefined: never. */
  nextDueMs(): number | undefined {
    const query = "SELECT MIN(due_ms) AS due FROM (SELECT due_ms FROM reservations UNION ALL SELECT due_ms FROM holds)";
    const { due } = this.#sql.exec<{ due: number | null }>(query).one();
    return due ?? undefined;
  }

  /** Money out of a hold is held already, so nothing moves. */
  #open(request: ReserveRequest & ChosenLatents, isHeld: boolean, nowMs: number): void {
    const { reservationId: id, ceilingMicroUsd: ceiling } = request;
    this.#sql.exec(
      `INSERT INTO reservations
         (id, account, state, idempotency_key, digest, seeds, ceiling_micro_usd, holders, created_ms, due_ms, hold_id, key_id, recipe, similar)
       VALUES (?, ?, 'open', ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)`,
      ...[id, request.account, request.idempotencyKey ?? null, request.digest, JSON.stringify(request.seeds)],
      ...[ceiling, nowMs, nowMs + reservationMs, isHeld ? (request.holdId ?? null) : null, request.keyId ?? null],
      ...[request.recipe ?? null, request.similar === undefined ? null : JSON.stringify(request.similar)],
    );
    addSpending(this.#sql, request.keyId ?? null, ceiling, nowMs);
    if (isHeld) return;
    post(this.#sql, { id: `reserve:${id}`, changes: { available: -ceiling, held: ceiling }, atMs: nowMs });
  }

  #join(row: ReservationRow): Reservation {
    if (row.state === "open") {
      this.#sql.exec("UPDATE reservations SET holders = holders + 1 WHERE id = ?", row.id);
    }
    return toReservation(row);
  }

  #letGo(reservationId: string, close: (row: ReservationRow) => void): void {
    this.#transact(() => {
      const row = findReservation(this.#sql, reservationId);
      if (row?.state !== "open") return;
      if (row.holders === 1) return close(row);
      this.#sql.exec("UPDATE reservations SET holders = holders - 1 WHERE id = ?", row.id);
    });
  }

  /** Nobody holds it any more. */
  #close(row: ReservationRow, nowMs: number): void {
    const hasWork = readWork(this.#sql, row.id).length > 0;
    if (!hasWork) this.#giveBack(row, nowMs);
    else if (this.#charge(row, [], nowMs).ok) markAbandoned(this.#sql, row.id);
  }

  #charge(row: ReservationRow, claimed: readonly ChargeLine[], nowMs: number): Result<Settlement, Failure> {
    const lines = withWork(claimed, readWork(this.#sql, row.id));
    const charged = sumMicroUsd(lines);
    const { ceiling_micro_usd: ceiling, id, account } = row;
    if (charged > ceiling) throw new AppError("A request did more than its ceiling allows.");
    const held = row.state === "open" ? ceiling : 0;
    const { available } = this.balances();
    if (held + available < charged) return err(insufficient(charged, available));
    const changes = { held: -held, spent: charged, available: held - charged };
    post(this.#sql, { id: `settle:${id}`, changes, atMs: nowMs });
    noteSpent(this.#sql, row.hold_id, charged);
    addSpending(this.#sql, row.key_id, charged - held, row.created_ms);
    const settlement = { chargedMicroUsd: charged, priceBook: priceBookVersion, lines };
    this.#sql.exec(
      "UPDATE reservations SET state = 'settled', settlement = ?, due_ms = ? WHERE id = ?",
      ...[JSON.stringify(settlement), nowMs + outcomeMs, id],
    );
    dropWork(this.#sql, id);
    const stripeCustomer = readAccount(this.#sql)?.stripeCustomer;
    const event = { id, account, atMs: nowMs, priceBook: priceBookVersion, lines: [...lines] };
    putEvent(this.#sql, stripeCustomer === undefined ? event : { ...event, stripeCustomer });
    return ok(settlement);
  }

  #closeHold(holdId: string, nowMs: number): void {
    const query = "SELECT * FROM reservations WHERE hold_id = ? AND state = 'open'";
    for (const row of this.#sql.exec<ReservationRow>(query, holdId).toArray()) this.#close(row, nowMs);
    const rest = findHold(this.#sql, holdId)?.remaining_micro_usd ?? 0;
    post(this.#sql, { id: `unhold:${holdId}`, changes: { held: -rest, available: rest }, atMs: nowMs });
    markClosed(this.#sql, holdId, nowMs);
  }

  #giveBack({ id, ceiling_micro_usd: ceiling, hold_id, key_id, created_ms }: ReservationRow, nowMs: number): void {
    addSpending(this.#sql, key_id, -ceiling, created_ms);
    if (!returnToHold(this.#sql, hold_id, ceiling)) {
      post(this.#sql, { id: `release:${id}`, changes: { held: -ceiling, available: ceiling }, atMs: nowMs });
    }
    this.#sql.exec(
      "UPDATE reservations SET state = 'released', idempotency_key = NULL, due_ms = ? WHERE id = ?",
      ...[nowMs + outcomeMs, id],
    );
    dropWork(this.#sql, id);
  }

  #transact<Value>(work: () => Value): Value {
    return this.#storage.transactionSync(work);
  }
}

function insufficient(requiredMicroUsd: number, availableMicroUsd: number): Failure {
  return { code: "insufficient_quota", requiredMicroUsd, availableMicroUsd };
}
