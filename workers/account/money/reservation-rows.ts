import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { LatentForm } from "../reuse/latent-list.ts";
import type { ChosenLatents, Reservation, ReserveRequest, Settlement } from "./reservation.ts";

/**
 * Time in which a retry without a key counts as the same request: clients that retry by themselves give up within
 * minutes, and a person who repeats a request later means a new one.
 */
const derivedKeyMs = 10 * 60_000;

/** A reservation as it is stored. */
export interface ReservationRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly account: string;
  readonly key_id: string | null;
  readonly recipe: string | null;
  /** JSON */
  readonly latent_form: string | null;
  readonly created_ms: number;
  readonly state: "open" | "settled" | "released";
  readonly digest: string;
  /** JSON */
  readonly seeds: string;
  /** JSON */
  readonly similar: string | null;
  readonly ceiling_micro_usd: number;
  /** Requests that hold it open: more than one if a client repeats a request in flight. */
  readonly holders: number;
  readonly hold_id: string | null;
  /** 1: the client is known to have left before it was answered. */
  readonly client_left: number;
  /** JSON, once settled. */
  readonly settlement: string | null;
}

/** A new reservation: open, or settled from the beginning. */
interface NewReservation extends ReserveRequest, ChosenLatents {
  readonly settlement?: Settlement;
  readonly dueMs: number;
}

/** Writes a reservation down. The money is moved by its caller, in the same storage transaction. */
export function insertReservation(sql: SqlStorage, request: NewReservation, nowMs: number): void {
  const { settlement, similar, latentForm } = request;
  const state = settlement === undefined ? "open" : "settled";
  sql.exec(
    `INSERT INTO reservations
       (id, account, state, idempotency_key, digest, seeds, ceiling_micro_usd, holders, created_ms, due_ms, hold_id, key_id,
        recipe, latent_form, similar, settlement)
     VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    request.reservationId,
    request.account,
    state,
    request.idempotencyKey ?? null,
    request.digest,
    JSON.stringify(request.seeds),
    request.ceilingMicroUsd,
    nowMs,
    request.dueMs,
    request.holdId ?? null,
    request.keyId ?? null,
    request.recipe ?? null,
    toJson(latentForm),
    toJson(similar),
    toJson(settlement),
  );
}

function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** The reservation with this id, in any state. */
export function findReservation(sql: SqlStorage, id: string): ReservationRow | undefined {
  return sql.exec<ReservationRow>("SELECT * FROM reservations WHERE id = ?", id).toArray()[0];
}

/** The earlier request that this one repeats. Fails with `idempotency_key_reused` when its key stood for another. */
export function findRepeated(
  sql: SqlStorage,
  { reservationId, idempotencyKey, isRetry, digest }: ReserveRequest,
  nowMs: number,
): Result<ReservationRow | undefined, Failure> {
  const same = findReservation(sql, reservationId);
  if (same !== undefined) return ok(same);
  if (idempotencyKey !== undefined) {
    const byKey = "SELECT * FROM reservations WHERE idempotency_key = ?";
    const known = sql.exec<ReservationRow>(byKey, idempotencyKey).toArray()[0];
    if (known === undefined || known.digest === digest) return ok(known);
    if (known.state !== "released") return err({ code: "idempotency_key_reused" });
    sql.exec("UPDATE reservations SET idempotency_key = NULL WHERE id = ?", known.id);
    return ok(undefined);
  }
  if (!isRetry || takeFailure(sql, digest, nowMs)) return ok(undefined);
  const byDigest = `SELECT * FROM reservations
    WHERE digest = ? AND state <> 'released' AND idempotency_key IS NULL AND created_ms > ?
    ORDER BY created_ms DESC LIMIT 1`;
  return ok(sql.exec<ReservationRow>(byDigest, digest, nowMs - derivedKeyMs).toArray()[0]);
}

/**
 * Whether a like request failed and was not tried again yet; it counts as tried again from now on. Of several like
 * requests at once, the one that failed must not be given the pictures of one that did not.
 */
function takeFailure(sql: SqlStorage, digest: string, nowMs: number): boolean {
  const query = `UPDATE reservations SET digest = '', holders = 0 WHERE id =
    (SELECT id FROM reservations WHERE digest = ? AND state = 'released' AND created_ms > ? LIMIT 1) RETURNING id`;
  return sql.exec(query, digest, nowMs - derivedKeyMs).toArray().length > 0;
}

/** A stored reservation as callers see it. */
export function toReservation(row: ReservationRow): Reservation {
  const { id: reservationId, settlement } = row;
  return { isRepeat: true, reservationId, ...chosenLatents(row), settlement: readSettlement(settlement) };
}

/** Which latents a stored reservation was given. */
export function chosenLatents({ seeds, similar }: ReservationRow): ChosenLatents {
  return { seeds: JSON.parse(seeds), similar: similar === null ? undefined : JSON.parse(similar) };
}

/** What the latents are that a stored reservation makes; undefined when it is not known. */
export function latentFormOf({ latent_form }: ReservationRow): LatentForm | undefined {
  return latent_form === null ? undefined : JSON.parse(latent_form);
}

/** A stored settlement. */
export function readSettlement(settlement: string | null): Settlement | undefined {
  return settlement === null ? undefined : JSON.parse(settlement);
}
