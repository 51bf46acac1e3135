// What an account's ledger promises, said once more and as plainly as possible. Imports nothing of the code under test.

import { type ModelLine, priceOf, sum, withClaimed, within } from "./model-lines.ts";

/** A request that is to be paid for. */
export interface ModelAsk {
  readonly id: string;
  readonly ceiling: number;
  readonly digest: string;
  readonly idempotencyKey: string | undefined;
  readonly isRetry: boolean;
  readonly paysAgain: boolean;
  readonly payer: string | undefined;
  readonly holdId: string | undefined;
  /** A latent that the edge has already, and what it is charged. */
  readonly found: ModelLine | undefined;
}

/** A request that is paid for, or was. */
interface ModelReserved {
  readonly id: string;
  readonly isRepeat: boolean;
  readonly charged?: number;
}

interface Reservation extends Pick<ModelAsk, "id" | "ceiling" | "payer"> {
  digest: string;
  idempotencyKey: string | undefined;
  hold: Hold | undefined;
  readonly createdMs: number;
  state: "open" | "settled" | "released";
  dueMs: number;
  holders: number;
  hasLeft: boolean;
  isAbandoned: boolean;
  /** It expired, and was sent again: the repeat pays. */
  isSuperseded: boolean;
  isForgotten: boolean;
  /** Work by its kind and latent. */
  noted: Map<string, ModelLine>;
  lines: readonly ModelLine[];
}

interface Hold {
  isOpen: boolean;
  remaining: number;
  spent: number;
  dueMs: number;
}

interface Reversal {
  readonly grantId: string;
  withdrawn: number;
  returned: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const reservationMs = 15 * minuteMs;
const outcomeMs = dayMs;
const holdMs = 2 * dayMs;
const retryMs = 10 * minuteMs;
const latentMs = 30 * dayMs;

/** An account's money, in whole micro-USD. A method that fails returns the failure's code. */
export class LedgerModel {
  nowMs: number;
  isSuspended = false;
  readonly revokedKeys = new Set<string>();
  readonly #budgets: Readonly<Record<string, number>>;
  readonly #requestsMax: number;
  readonly #grants = new Map<string, number>();
  readonly #reversals = new Map<string, Reversal>();
  readonly #reservations: Reservation[] = [];
  readonly #holds = new Map<string, Hold>();
  readonly #forgottenHolds = new Set<string>();
  readonly #latents = new Map<string, { readonly isOwn: boolean; readonly madeMs: number }>();
  #takenBack = 0;

  constructor(limits: { nowMs: number; requestsMax: number; budgets: Readonly<Record<string, number>> }) {
    this.nowMs = limits.nowMs;
    this.#requestsMax = limits.requestsMax;
    this.#budgets = limits.budgets;
  }

  get granted(): number {
    return sum([...this.#grants.values()]) - this.#takenBack;
  }

  get spent(): number {
    return priceOf(this.#reservations.flatMap(({ lines }) => lines));
  }

  get held(): number {
    const open = this.#reservations.filter(({ state }) => state === "open").map(({ ceiling }) => ceiling);
    return sum(open) + sum([...this.#holds.values()].map(({ remaining }) => remaining));
  }

  get available(): number {
    return this.granted - this.spent - this.held;
  }

  /** What went back of payments, and was spent before. */
  get owed(): number {
    return this.#reversed() - this.#takenBack;
  }

  get nextDueMs(): number | undefined {
    const known = [...this.#reservations.filter(({ isForgotten }) => !isForgotten), ...this.#holds.values()];
    return known.length === 0 ? undefined : Math.min(...known.map(({ dueMs }) => dueMs));
  }

  /** Whether a request or a hold of this name was there, and is not remembered. */
  hasForgotten(id: string): boolean {
    return this.#reservations.some((one) => one.id === id && one.isForgotten) || this.#forgottenHolds.has(id);
  }

  /** What a key's requests of today hold and were charged. */
  spentToday(key: string): number {
    const today = Math.floor(this.nowMs / dayMs);
    const own = this.#reservations.filter((one) => one.payer === key && Math.floor(one.createdMs / dayMs) === today);
    return sum(own.map((one) => (one.state === "open" ? one.ceiling : priceOf(one.lines))));
  }

  grant(id: string, microUsd: number): void {
    if (!this.#grants.has(id)) this.#grants.set(id, microUsd);
    this.#collect();
  }

  /** `id` names a dispute, or the refunds of a grant. */
  reverse(id: string, told: Reversal): void {
    const known = this.#reversals.get(id) ?? { grantId: told.grantId, withdrawn: 0, returned: 0 };
    known.withdrawn = Math.max(known.withdrawn, told.withdrawn);
    known.returned = Math.max(known.returned, told.returned);
    this.#reversals.set(id, known);
    this.#collect();
  }

  reserve(ask: ModelAsk): string | ModelReserved {
    const before = this.#repeated(ask);
    if (before === "idempotency_key_reused") return before;
    if (before !== undefined && !this.#isTakenOver(before, ask)) return this.#join(before, ask.id);
    const refusal = this.#refusal(ask);
    if (refusal !== undefined) return refusal;
    const hold = this.#holds.get(ask.holdId ?? "");
    const isFromHold = hold?.isOpen === true && hold.remaining >= ask.ceiling;
    if (!isFromHold && this.available < ask.ceiling) return "insufficient_quota";
    const isFound = before === undefined && !isFromHold && this.#keeps(ask.found?.latentId);
    const fresh = this.#open(ask);
    if (isFromHold) {
      hold.remaining -= ask.ceiling;
      fresh.hold = hold;
    }
    if (isFound && ask.found !== undefined) {
      this.#charge(fresh, [ask.found]);
      return { id: fresh.id, isRepeat: false, charged: ask.found.microUsd };
    }
    if (before !== undefined) this.#takeOver(before, fresh);
    return { id: fresh.id, isRepeat: before !== undefined && before.state !== "released" };
  }

  hold(id: string, { ceiling, payer }: Pick<ModelAsk, "ceiling" | "payer">): string | undefined {
    if (this.#holds.has(id)) return undefined;
    const refusal = this.#refusal({ ceiling, payer, holdId: id });
    if (refusal !== undefined) return refusal;
    if (this.available < ceiling) return "insufficient_quota";
    this.#holds.set(id, { isOpen: true, remaining: ceiling, spent: 0, dueMs: this.nowMs + holdMs });
    return undefined;
  }

  /** What was charged out of it. */
  endHold(id: string): number | undefined {
    const hold = this.#holds.get(id);
    if (hold?.isOpen === true) this.#closeHold(hold);
    return hold?.spent;
  }

  note(id: string, line: ModelLine): void {
    const reservation = this.#find(id);
    if (reservation?.state !== "open") return;
    const name = `${line.kind} ${line.latentId}`;
    const before = reservation.noted.get(name)?.microUsd ?? 0;
    reservation.noted.set(name, { ...line, microUsd: Math.max(before, line.microUsd) });
  }

  /** What is charged, or why nothing is. */
  settle(id: string, { line, isKept }: { readonly line: ModelLine; readonly isKept: boolean }): number | string {
    const reservation = this.#find(id);
    if (reservation === undefined) return "unknown";
    if (reservation.state === "settled") return priceOf(reservation.lines);
    if (reservation.isSuperseded) return 0;
    const lines = within(reservation.ceiling, withClaimed(reservation.noted, line));
    if (priceOf(lines) > reservation.ceiling) return "too much";
    if (reservation.state === "released" && this.available < priceOf(lines)) return "insufficient_quota";
    this.#charge(reservation, lines);
    if (isKept) this.#keep(line.latentId, lines);
    return priceOf(lines);
  }

  release(id: string): void {
    this.#letGo(this.#find(id), (reservation) => this.#giveBack(reservation));
  }

  abandon(id: string, line: ModelLine): void {
    this.note(id, line);
    this.#letGo(this.#find(id), (reservation) => this.#close(reservation));
  }

  leave(id: string): void {
    const reservation = this.#find(id);
    if (reservation?.holders === 1 && !reservation.isAbandoned) reservation.hasLeft = true;
  }

  forgetLatent(latentId: string): void {
    this.#latents.delete(latentId);
  }

  sweep(): void {
    for (const reservation of this.#reservations) {
      if (reservation.isForgotten || reservation.dueMs > this.nowMs) continue;
      if (reservation.state !== "open") reservation.isForgotten = true;
      else if (reservation.hasLeft) this.#close(reservation);
      else this.#expire(reservation);
    }
    for (const [id, hold] of this.#holds) {
      if (hold.dueMs > this.nowMs) continue;
      if (hold.isOpen) this.#closeHold(hold);
      else this.#forgetHold(id);
    }
  }

  #join(before: Reservation, id: string): ModelReserved {
    const isRepeat = before.id !== id;
    if (isRepeat && before.state === "open" && before.hold === undefined) before.holders += 1;
    return { id: before.id, isRepeat, ...(before.state === "settled" && { charged: priceOf(before.lines) }) };
  }

  #find(id: string): Reservation | undefined {
    return this.#reservations.find((one) => one.id === id && !one.isForgotten);
  }

  #repeated({ id, idempotencyKey, isRetry, digest }: ModelAsk): Reservation | "idempotency_key_reused" | undefined {
    const same = this.#find(id);
    if (same !== undefined) return same;
    const known = this.#reservations.filter(({ isForgotten }) => !isForgotten);
    if (idempotencyKey !== undefined) {
      const named = known.find((one) => one.idempotencyKey === idempotencyKey);
      if (named === undefined || named.digest === digest) return named;
      if (named.state !== "released") return "idempotency_key_reused";
      named.idempotencyKey = undefined;
      return undefined;
    }
    if (!isRetry) return undefined;
    const alike = known.filter((one) => one.digest === digest && one.createdMs > this.nowMs - retryMs);
    const failed = alike.find(({ state }) => state === "released");
    if (failed === undefined) return alike.findLast((one) => one.idempotencyKey === undefined);
    failed.digest = "";
    failed.isSuperseded = true;
    return undefined;
  }

  #isTakenOver({ id, state, isAbandoned }: Reservation, ask: ModelAsk): boolean {
    return id !== ask.id && (state === "released" || (state === "settled" && (isAbandoned || ask.paysAgain)));
  }

  #refusal({ ceiling, payer, holdId }: Pick<ModelAsk, "ceiling" | "payer" | "holdId">): string | undefined {
    if (this.isSuspended) return "account_suspended";
    const open = this.#reservations.filter(({ state, hold }) => state === "open" && hold === undefined);
    if (holdId === undefined && open.length >= this.#requestsMax) return "concurrency_limit_exceeded";
    if (payer === undefined) return undefined;
    if (this.revokedKeys.has(payer)) return "invalid_api_key";
    const budget = this.#budgets[payer];
    return budget !== undefined && this.spentToday(payer) + ceiling > budget ? "key_budget_exceeded" : undefined;
  }

  #open({ id, ceiling, payer, digest, idempotencyKey }: ModelAsk): Reservation {
    const fresh: Reservation = {
      id,
      ceiling,
      payer,
      digest,
      idempotencyKey,
      hold: undefined,
      createdMs: this.nowMs,
      state: "open",
      dueMs: this.nowMs + reservationMs,
      holders: 1,
      hasLeft: false,
      isAbandoned: false,
      isSuperseded: false,
      isForgotten: false,
      noted: new Map(),
      lines: [],
    };
    this.#reservations.push(fresh);
    return fresh;
  }

  /** What was paid for finished work is not paid again, unless it runs again. */
  #takeOver(before: Reservation, fresh: Reservation): void {
    before.digest = "";
    before.idempotencyKey = undefined;
    before.isSuperseded = before.state === "released";
    for (const line of before.lines) if (line.kind !== "stopped") this.note(fresh.id, { ...line, microUsd: 0 });
  }

  #letGo(reservation: Reservation | undefined, close: (reservation: Reservation) => void): void {
    if (reservation?.state !== "open") return;
    if (reservation.holders === 1) close(reservation);
    else reservation.holders -= 1;
  }

  /** Pays for what was noted, if anything. */
  #close(reservation: Reservation): void {
    reservation.isAbandoned = reservation.noted.size > 0;
    if (reservation.isAbandoned)
      this.#charge(reservation, within(reservation.ceiling, [...reservation.noted.values()]));
    else this.#giveBack(reservation);
  }

  #charge(reservation: Reservation, lines: readonly ModelLine[]): void {
    if (reservation.hold !== undefined) reservation.hold.spent += priceOf(lines);
    reservation.lines = lines;
    this.#end(reservation, "settled");
  }

  #giveBack(reservation: Reservation): void {
    this.#expire(reservation);
    reservation.idempotencyKey = undefined;
  }

  /** It may be at work all the same, so its key stays until it is sent again. */
  #expire(reservation: Reservation): void {
    if (reservation.hold?.isOpen === true) reservation.hold.remaining += reservation.ceiling;
    this.#end(reservation, "released");
  }

  #end(reservation: Reservation, state: "settled" | "released"): void {
    reservation.state = state;
    reservation.dueMs = this.nowMs + outcomeMs;
    reservation.noted = new Map();
    this.#collect();
  }

  #closeHold(hold: Hold): void {
    for (const one of this.#reservations) if (one.hold === hold && one.state === "open") this.#close(one);
    hold.isOpen = false;
    hold.remaining = 0;
    hold.dueMs = this.nowMs + outcomeMs;
    this.#collect();
  }

  #forgetHold(id: string): void {
    this.#holds.delete(id);
    this.#forgottenHolds.add(id);
  }

  #keep(latentId: string, lines: readonly ModelLine[]): void {
    const isOwn = lines.some((line) => line.kind === "generation" && line.latentId === latentId);
    if (!this.#latents.has(latentId)) this.#latents.set(latentId, { isOwn, madeMs: this.nowMs });
  }

  #keeps(latentId: string | undefined): boolean {
    const latent = this.#latents.get(latentId ?? "");
    return latent?.isOwn === true && latent.madeMs > this.nowMs - latentMs;
  }

  /** All that is to be taken back: of a payment, never more than it was. */
  #reversed(): number {
    const grantIds = new Set([...this.#reversals.values()].map(({ grantId }) => grantId));
    const each = [...grantIds].map((grantId) => {
      const own = [...this.#reversals.values()].filter((one) => one.grantId === grantId);
      const withheld = own.map(({ withdrawn, returned }) => Math.max(0, withdrawn - returned));
      return Math.min(sum(withheld), this.#grants.get(grantId) ?? Number.POSITIVE_INFINITY);
    });
    return sum(each);
  }

  #collect(): void {
    this.#takenBack += Math.min(this.owed, this.available);
  }
}
