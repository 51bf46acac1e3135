import { DurableObject } from "cloudflare:workers";
import type { AccountRequest } from "../../shared/api/account-request.ts";
import type { KeyTerms } from "../../shared/api/key-request.ts";
import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { SettledPage } from "../usage/settled-entry.ts";
import type { UsageEvent } from "../usage/usage-event.ts";
import { AccountBook, type WorkDone } from "./account-book.ts";
import { AccountAdmin, type Rotation } from "./keys/account-admin.ts";
import { readAccount } from "./keys/account-record.ts";
import { type Admission, type AdmissionRequest, admit } from "./keys/admission.ts";
import { type Actor, type AuditPage, readAudit, writeAudit } from "./keys/audit.ts";
import { nextCopies, noteCopied } from "./keys/audit-copy.ts";
import type { AuditIndex } from "./keys/audit-index.ts";
import { readKeys } from "./keys/key-record.ts";
import { RequestRates } from "./keys/request-rate.ts";
import { readCredits, readEntries } from "./money/entry-list.ts";
import type { Grant } from "./money/grants.ts";
import { readLedgerHealth } from "./money/ledger-health.ts";
import { dropEvents, nextEvents } from "./money/outbox.ts";
import { type Reservation, type ReserveRequest, reservationMs, type WorkBudget } from "./money/reservation.ts";
import type { Reversal } from "./money/reversals.ts";
import { readSettledEntries } from "./money/settled-entries.ts";
import { eraseLatents } from "./reuse/erase-latents.ts";
import { dropEvictions, nextEvictions } from "./reuse/eviction.ts";

/** Events and audit entries of a busy account leave together: fewer calls, and they are seen a second later. */
const outboxDelayMs = 1_000;

/** The most that the store deletes in one call. */
const evictionsMax = 1_000;

/** How long to wait for a queue that does not take events. */
const outboxRetryMs = 30_000;

/** The admission of a caller and, if admitted, the outcome of the reservation. */
export interface AdmittedReservation {
  readonly admission: Admission;
  readonly reserved: Result<Reservation, Failure>;
}

/** What an account's object is given from outside. */
export interface AccountWorld {
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly log: (entry: { readonly event: string }) => void;
  readonly sendUsage: (events: readonly UsageEvent[]) => Promise<unknown>;
  /** The list of all accounts' audit entries. */
  readonly auditIndex: Pick<AuditIndex, "put">;
  /** Deletes latents from the store; at most `evictionsMax` ids a call. */
  readonly deleteLatents: (ids: readonly string[]) => Promise<unknown>;
}

/**
 * The Durable Object of one account: its money (`AccountBook`), its keys (`AccountAdmin`), its admission (`admit`),
 * with a clock, an alarm, and an outbox for its events. Every public method may be repeated. The class that the
 * platform creates gives it the outer world, so that callers can take their types from this one.
 */
export abstract class AccountObject extends DurableObject<unknown> {
  readonly #book: AccountBook;
  readonly #admin: AccountAdmin;
  readonly #rates = new RequestRates();
  readonly #world: AccountWorld;
  readonly #nowMs: AccountWorld["nowMs"];
  /** When the alarm is set for. Known here, so that it is set in one step with what it is for, without a look first. */
  #alarmMs: number | undefined;

  constructor(state: DurableObjectState, env: unknown, world: AccountWorld) {
    super(state, env);
    void state.blockConcurrencyWhile(async () => {
      this.#alarmMs = (await state.storage.getAlarm()) ?? undefined;
    });
    this.#book = new AccountBook(state.storage);
    this.#admin = new AccountAdmin(state.storage);
    this.#world = world;
    this.#nowMs = world.nowMs;
  }

  account() {
    return readAccount(this.ctx.storage.sql);
  }

  changeAccount(id: string, request: AccountRequest, actor: Actor) {
    return this.#audited(this.#admin.change(id, request, { actor, nowMs: this.#nowMs() }));
  }

  keys() {
    return readKeys(this.ctx.storage.sql);
  }

  createKey(sha256: string, terms: KeyTerms, actor: Actor) {
    return this.#audited(this.#admin.createKey(sha256, terms, { actor, nowMs: this.#nowMs() }));
  }

  rotateKey(rotation: Rotation, actor: Actor) {
    return this.#audited(this.#admin.rotateKey(rotation, { actor, nowMs: this.#nowMs() }));
  }

  revokeKey(keyId: string, actor: Actor) {
    return this.#audited(this.#admin.revokeKey(keyId, { actor, nowMs: this.#nowMs() }));
  }

  audit(page: AuditPage) {
    return readAudit(this.ctx.storage.sql, page);
  }

  /** Copies what the list of all accounts' audit entries may lack. The alarm does so too. */
  async copyAudit(): Promise<void> {
    const { sql } = this.ctx.storage;
    const account = readAccount(sql)?.id;
    if (account === undefined) return;
    for (let rows = nextCopies(sql, account); rows.length > 0; rows = nextCopies(sql, account)) {
      await this.#world.auditIndex.put(rows);
      noteCopied(sql, rows);
    }
  }

  admit(request: AdmissionRequest) {
    return admit({ sql: this.ctx.storage.sql, rates: this.#rates }, request, this.#nowMs());
  }

  balances() {
    return this.#book.balances();
  }

  grant(grant: Grant) {
    return this.#audited(this.#book.grant(grant, this.#nowMs()));
  }

  reverse(reversal: Reversal & { readonly actor: Actor }) {
    return this.#audited(this.#book.reverse(reversal, this.#nowMs()));
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

  async abandon(work: WorkDone) {
    this.#book.abandon(work, this.#nowMs());
    await this.#wakeBy(this.#nowMs() + outboxDelayMs);
  }

  ledgerHealth() {
    return readLedgerHealth(this.ctx.storage.sql);
  }

  entries(after: number, limit: number) {
    return readEntries(this.ctx.storage.sql, after, limit);
  }

  credits(before: number, limit: number) {
    return readCredits(this.ctx.storage.sql, before, limit);
  }

  settledEntries(page: SettledPage) {
    return readSettledEntries(this.ctx.storage.sql, page);
  }

  noteLeft(reservationId: string) {
    this.#book.noteLeft(reservationId);
  }

  latentList(before: number, limit: number) {
    return this.#book.latentList(before, limit);
  }

  forgetLatent(latentId: string) {
    this.#book.forgetLatent(latentId);
  }

  /** See `eraseLatents`; the audit log keeps who asked for it. */
  async eraseLatents(actor: Actor) {
    const { sql } = this.ctx.storage;
    const latents = this.ctx.storage.transactionSync(() => {
      const count = eraseLatents(sql);
      const subject = readAccount(sql)?.id ?? "";
      writeAudit(sql, actor, { action: "data.erased", subject, details: { latents: count } }, this.#nowMs());
      return count;
    });
    await this.#wakeBy(this.#nowMs());
    return latents;
  }

  checkHold(budget: Omit<WorkBudget, "holdId">) {
    return this.#book.checkHold(budget, this.#nowMs());
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
      await this.copyAudit();
    } catch {
      // The platform repeats a failed alarm only a few times, but an event must be sent after any outage of the queue.
      this.#world.log({ event: "account_alarm_failed" });
      await this.#wakeBy(this.#nowMs() + outboxRetryMs);
    }
    await this.#wakeBy(this.#book.nextDueMs());
  }

  async #sendEvents(): Promise<void> {
    const { sql } = this.ctx.storage;
    for (let rows = nextEvents(sql); rows.length > 0; rows = nextEvents(sql)) {
      await this.#world.sendUsage(rows.map(({ event }) => event));
      dropEvents(sql, rows);
    }
  }

  /** Copies at the edge stay until they expire; only their owner can use them. */
  async #evictLatents(): Promise<void> {
    const { sql } = this.ctx.storage;
    for (let ids = nextEvictions(sql, evictionsMax); ids.length > 0; ids = nextEvictions(sql, evictionsMax)) {
      await this.#world.deleteLatents(ids);
      dropEvictions(sql, ids);
    }
  }

  /** What an order came to, once its entry in the audit log is due to be copied. */
  async #audited<Outcome>(outcome: Outcome): Promise<Outcome> {
    await this.#wakeBy(this.#nowMs() + outboxDelayMs);
    return outcome;
  }

  /** An object has one alarm: the earliest wins. */
  async #wakeBy(dueMs: number | undefined): Promise<void> {
    if (dueMs === undefined || (this.#alarmMs ?? dueMs + 1) <= dueMs) return;
    this.#alarmMs = dueMs;
    await this.ctx.storage.setAlarm(dueMs);
  }
}
