import type { Failure } from "../../shared/errors.ts";
import type { PromptLikeness } from "../../shared/latents/prompt-likeness.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { KeptLatent } from "./kept-latents.ts";
import { type ChargeLine, priceBookVersion, sumMicroUsd } from "./price-book.ts";
import type { SimilarLatent } from "./similar-prompts.ts";

/** Longer than any request takes: Stage C and a decode at their time limits, each behind a full queue. */
export const reservationMs = 15 * 60_000;

/** How long an idempotency key gives the outcome that it had first. */
export const outcomeMs = 24 * 3_600_000;

/**
 * A retry that names no key is taken for the same request only so soon after it: clients that retry by themselves give
 * up within minutes, and a person who asks for the same again means it.
 */
const derivedKeyMs = 10 * 60_000;

/** What a request asks of its account before any work is done for it. */
export interface ReserveRequest {
  /** New and unique; made by the caller, so that a call that is repeated reserves once. */
  readonly reservationId: string;
  readonly account: string;
  /** The key that pays, whose budget counts; undefined: none. */
  readonly keyId?: string | undefined;
  /** The most that it can cost. */
  readonly ceilingMicroUsd: number;
  /** What the client calls this request; the same key is the same request for 24 hours. */
  readonly idempotencyKey: string | undefined;
  /** Whether the client says that it has sent this before. Tells something only when there is no key. */
  readonly isRetry: boolean;
  /** Differs for any two requests that do not ask for the very same. */
  readonly digest: string;
  /** The seeds that this request would take. */
  readonly seeds: readonly number[];
  /** The prompt, as the keyed digest of everything but the seed; undefined: its latents are not kept in turn. */
  readonly recipe?: string | undefined;
  /** Whether latents that the prompt has may be taken in place of `seeds`. */
  readonly mayReuse?: boolean | undefined;
  /** By which prompts like this one are known; undefined: only its own latents will do. Goes with `mayReuse`. */
  readonly likeness?: PromptLikeness | undefined;
  /** The hold to take the ceiling out of, as long as there is so much in it. */
  readonly holdId?: string | undefined;
  /** All that the request wants, if the edge has it: charged at once if the account keeps the latents; not out of a hold. */
  readonly found?: FoundWork | undefined;
}

/** Pictures that are there already. */
export interface FoundWork {
  readonly lines: readonly ChargeLine[];
  /** Those that are delivered, for requests to come. */
  readonly latents: readonly KeptLatent[];
}

/** Money that a job of many requests keeps for them. */
export interface WorkBudget {
  /** New and unique; made by the caller, so that a call that is repeated holds once. */
  readonly holdId: string;
  /** The key that pays. Its budget is looked at now, and again for each request. */
  readonly keyId: string | undefined;
  /** The most that all requests can cost together. */
  readonly ceilingMicroUsd: number;
}

/** Which latents a request is given. A repeat's are the first one's: so it gives the same pictures. */
export interface ChosenLatents {
  /** Those that were asked for, or of latents that are there. */
  readonly seeds: readonly number[];
  /** Latents of another prompt, for the first of the pictures; what they are missing for is made by its seed. */
  readonly similar?: readonly SimilarLatent[] | undefined;
}

/** Money that is held for a request. */
export interface Reservation extends ChosenLatents {
  /** True when this request repeats an earlier one. */
  readonly isRepeat: boolean;
  /** That of the first request when this one repeats it. */
  readonly reservationId: string;
  /** What the request was charged, now or when it was answered before; a repeat is not charged again. */
  readonly settlement: Settlement | undefined;
  /** When each latent of what was found was made, Unix milliseconds, if it was charged just now. */
  readonly madeMs?: readonly number[];
}

/** What a request was charged. */
export interface Settlement {
  readonly chargedMicroUsd: number;
  readonly priceBook: number;
  readonly lines: readonly ChargeLine[];
}

/** A reservation as it is stored. */
export interface ReservationRow extends Record<string, SqlStorageValue> {
  readonly id: string;
  readonly account: string;
  readonly key_id: string | null;
  readonly recipe: string | null;
  readonly created_ms: number;
  readonly state: "open" | "settled" | "released";
  readonly digest: string;
  /** JSON */
  readonly seeds: string;
  /** JSON */
  readonly similar: string | null;
  readonly ceiling_micro_usd: number;
  /** Requests that hold it open: more than one when a client repeats what is still under way. */
  readonly holders: number;
  readonly hold_id: string | null;
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
  const { settlement, similar } = request;
  const state = settlement === undefined ? "open" : "settled";
  sql.exec(
    `INSERT INTO reservations
       (id, account, state, idempotency_key, digest, seeds, ceiling_micro_usd, holders, created_ms, due_ms, hold_id, key_id,
        recipe, similar, settlement)
     VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
    ...[request.reservationId, request.account, state, request.idempotencyKey ?? null, request.digest],
    ...[JSON.stringify(request.seeds), request.ceilingMicroUsd, nowMs, request.dueMs, request.holdId ?? null],
    ...[request.keyId ?? null, request.recipe ?? null, toJson(similar), toJson(settlement)],
  );
}

function toJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** The settlement of some work, by the prices of now. */
export function settlementOf(lines: readonly ChargeLine[]): Settlement {
  return { chargedMicroUsd: sumMicroUsd(lines), priceBook: priceBookVersion, lines };
}

/** Too little credit. */
export function insufficientQuota(requiredMicroUsd: number, availableMicroUsd: number): Failure {
  return { code: "insufficient_quota", requiredMicroUsd, availableMicroUsd };
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
    return known === undefined || known.digest === digest ? ok(known) : err({ code: "idempotency_key_reused" });
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
  const query = `UPDATE reservations SET digest = '' WHERE id =
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

/** A stored settlement. */
export function readSettlement(settlement: string | null): Settlement | undefined {
  return settlement === null ? undefined : JSON.parse(settlement);
}
