import { DurableObject } from "cloudflare:workers";
import type { AccountRequest } from "../../shared/api/account-request.ts";
import type { KeyTerms } from "../../shared/api/key-request.ts";
import { AccountBook, type WorkDone } from "../account/account-book.ts";
import type { AdmittedReservation } from "../account/client.ts";
import { AccountDesk, type Rotation } from "../account/keys/account-admin.ts";
import { readAccount } from "../account/keys/account-record.ts";
import type { AuditPage } from "../account/keys/accounts-client.ts";
import { type AdmissionRequest, admit } from "../account/keys/admission.ts";
import { type Actor, readAudit } from "../account/keys/audit.ts";
import { readKeys } from "../account/keys/key-record.ts";
import { RequestRates } from "../account/keys/request-rate.ts";
import type { Grant } from "../account/money/grants.ts";
import { dropEvents, nextEvents } from "../account/money/outbox.ts";
import { type ReserveRequest, reservationMs, type WorkBudget } from "../account/money/reservation.ts";
import type { Reversal } from "../account/money/reversals.ts";
import { dropEvictions, nextEvictions } from "../account/reuse/kept-latents.ts";
import { parseEnv } from "../env.ts";
import { storeKey } from "../latents/latent-cache.ts";
import { log, platform } from "../platform.ts";
import type { UsageEvent } from "../usage/usage-event.ts";

/** Events of a busy account leave together: fewer calls of the queue, and usage is seen a second later. */
const outboxDelayMs = 1_000;

/** The most that the store deletes in one call. */
const evictionsMax = 1_000;

/** How long to wait for a queue that does not take events. */
const outboxRetryMs = 30_000;

/**
 * The Durable Object of one account: its money (`AccountBook`), its keys (`AccountDesk`), and who may come in (`admit`),
 * with a clock, an alarm, and a queue for its events.
 */
export class AccountLedgerObject extends DurableObject<unknown> {
  readonly #book: AccountBook;
  readonly #desk: AccountDesk;
  readonly #rates = new RequestRates();
  readonly #latents: Pick<R2Bucket, "delete">;
  readonly #queue: Queue<UsageEvent>;
  readonly #nowMs = platform().nowMs;
  /** When the alarm is set for. Known here, so that it is set in one step with what it is for, without a look first. */
  #alarmMs: number | undefined;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    void state.blockConcurrencyWhile(async () => {
      this.#alarmMs = (await state.storage.getAlarm()) ?? undefined;
    });
    this.#book = new AccountBook(state.storage);
    this.#desk = new AccountDesk(state.storage);
    const { USAGE_EVENTS, LATENTS } = parseEnv(env);
    this.#queue = USAGE_EVENTS;
    this.#latents = LATENTS;
  }

  account() {
    return readAccount(this.ctx.storage.sql);
  }

  changeAccount(id: string, request: AccountRequest, actor: Actor) {
    return this.#desk.change(id, request, { actor, nowMs: this.#nowMs() });
  }

  keys() {
    return readKeys(this.ctx.storage.sql);
  }

  createKey(sha256: string, terms: KeyTerms, actor: Actor) {
    return this.#desk.createKey(sha256, terms, { actor, nowMs: this.#nowMs() });
  }

  rotateKey(rotation: Rotation, actor: Actor) {
    return this.#desk.rotateKey(rotation, { actor, nowMs: this.#nowMs() });
  }

  revokeKey(keyId: string, actor: Actor) {
    return this.#desk.revokeKey(keyId, { actor, nowMs: this.#nowMs() });
  }

  audit(page: AuditPage) {
    return readAudit(this.ctx.storage.sql, page);
  }

  admit(request: AdmissionRequest) {
    return admit({ sql: this.ctx.storage.sql, rates: this.#rates }, request, this.#nowMs());
  }

  balances() {
    return this.#book.balances();
  }

  grant(grant: Grant) {
    return this.#book.grant(grant, this.#nowMs());
  }

  reverse(reversal: Reversal & { readonly actor: Actor }) {
    return this.#book.reverse(reversal, this.#nowMs());
  }

  async reserve(request: ReserveRequest) {
    const reserved = this.#book.reserve(request, this.#nowMs());
    if (!reserved.ok) return reserved;
    const isOpen = reserved.value.settlement === undefined;
    await this.#wakeBy(this.#nowMs() + (isOpen ? reservationMs : outboxDelayMs));
    return reserved;
  }

  /** What `admit` and then `reserve` would answer, in one call. */
  async admitAndReserve(admission: AdmissionRequest, request: ReserveRequest): Promise<AdmittedReservation> {
    const admitted = this.admit(admission);
    const reserved = admitted.outcome.ok ? await this.reserve(request) : admitted.outcome;
    return { admission: admitted, reserved };
  }

  recordWork(work: WorkDone) {
    this.#book.recordWork(work);
  }

  async settle(work: WorkDone) {
    const settled = this.#book.settle(work, this.#nowMs());
    await this.#wakeBy(this.#nowMs() + outboxDelayMs);
    return settled;
  }

  release(reservationId: string) {
    this.#book.release(reservationId, this.#nowMs());
  }

  async abandon(reservationId: string) {
    this.#book.abandon(reservationId, this.#nowMs());
    await this.#wakeBy(this.#nowMs() + outboxDelayMs);
  }

  forgetLatent(latentId: string) {
    this.#book.forgetLatent(latentId);
  }

  async hold(budget: WorkBudget) {
    const held = this.#book.hold(budget, this.#nowMs());
    await this.#wakeBy(this.#book.nextDueMs());
    return held;
  }

  async endHold(holdId: string) {
    const spent = this.#book.endHold(holdId, this.#nowMs());
    await this.#wakeBy(this.#nowMs() + outboxDelayMs);
    return spent;
  }

  override async alarm(): Promise<void> {
    this.#alarmMs = undefined;
    this.#book.sweep(this.#nowMs());
    try {
      await this.#sendEvents();
      await this.#evictLatents();
    } catch {
      // The platform repeats a failed alarm a few times only; an event must leave however long the queue is away.
      log({ event: "account_alarm_failed" });
      await this.#wakeBy(this.#nowMs() + outboxRetryMs);
    }
    await this.#wakeBy(this.#book.nextDueMs());
  }

  async #sendEvents(): Promise<void> {
    const { sql } = this.ctx.storage;
    for (let rows = nextEvents(sql); rows.length > 0; rows = nextEvents(sql)) {
      await this.#queue.sendBatch(rows.map(({ event }) => ({ body: event })));
      dropEvents(sql, rows);
    }
  }

  /** Copies at the edge stay until they expire; they are of use to nobody but their owner. */
  async #evictLatents(): Promise<void> {
    const { sql } = this.ctx.storage;
    for (let ids = nextEvictions(sql, evictionsMax); ids.length > 0; ids = nextEvictions(sql, evictionsMax)) {
      await this.#latents.delete(ids.map(storeKey));
      dropEvictions(sql, ids);
    }
  }

  /** An object has one alarm: the earliest wins. */
  async #wakeBy(dueMs: number | undefined): Promise<void> {
    if (dueMs === undefined || (this.#alarmMs ?? dueMs + 1) <= dueMs) return;
    this.#alarmMs = dueMs;
    await this.ctx.storage.setAlarm(dueMs);
  }
}
