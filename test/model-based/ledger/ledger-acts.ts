import fc from "fast-check";
import type { AccountBook } from "../../../workers/account/account-book.ts";
import { actsFor, type Subject } from "../support/explore.ts";
import type { LedgerModel, ModelAsk } from "./ledger-model.ts";
import type { ModelLine } from "./model-lines.ts";
import { actor, type RealLedger } from "./real-ledger.ts";

const minutesADay = 1_440;
const minuteMs = 60_000;
const reservationMinutes = 15;

const act = actsFor<LedgerModel, RealLedger>();
const amount = (max: number, min = 1) => fc.integer({ min, max });
/** Mostly nothing: what is always there hides what happens without it. */
const rarely = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const payment = fc.constantFrom("payment 1", "payment 2", "payment 3");
const request = fc.nat(5).map((number) => `request ${number}`);
const hold = fc.constantFrom("hold 1", "hold 2");
const latentId = fc.constantFrom("latent 1", "latent 2");
/** The dearest lines of all kinds but `stopped` come to 32: less than any ceiling. */
const line: fc.Arbitrary<ModelLine> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("generation" as const), latentId, microUsd: amount(8) }) },
  fc.record({ kind: fc.constantFrom("hit" as const, "decode" as const), latentId, microUsd: amount(4) }),
  fc.record({ kind: fc.constant("stopped" as const), latentId, microUsd: amount(40) }),
);
const ceiling = amount(60, 40);
const tooDear = fc.record({ kind: fc.constant("generation" as const), latentId, microUsd: amount(99, 61) });
const found = fc.oneof(
  fc.constant(undefined),
  fc.record({ kind: fc.constant("hit" as const), latentId, microUsd: amount(4) }),
);
const minutes = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(5, 9, 15) },
  fc.constantFrom(minutesADay, 2 * minutesADay),
);

/** All that can happen to a ledger with these keys. */
export function ledgerActs(keys: readonly string[]): Subject<LedgerModel, RealLedger>["acts"] {
  const payer = rarely(fc.constantFrom(...keys));
  const settling = fc.record({
    id: request,
    line: fc.oneof({ weight: 9, arbitrary: line }, tooDear),
    isKept: fc.constantFrom(true, true, false),
  });
  const working = fc.record({ id: request, line });
  return {
    grant: act({
      args: fc.record({ grantId: payment, microUsd: amount(250) }),
      model: (model, { grantId, microUsd }) => model.grant(grantId, microUsd),
      real: ({ book, clock }, grant) => void book.grant({ ...grant, actor }, clock.nowMs),
    }),
    refund: act({
      args: fc.record({ grantId: payment, refundedMicroUsd: amount(250) }),
      model: (model, { grantId, refundedMicroUsd: withdrawn }) =>
        model.reverse(`refunds of ${grantId}`, { grantId, withdrawn, returned: 0 }),
      real: ({ book, clock }, told) => void book.reverse({ kind: "refunded", ...told, actor }, clock.nowMs),
    }),
    dispute: act({
      args: fc.record({ grantId: payment, withdrawnMicroUsd: amount(250), returnedMicroUsd: amount(250, 0) }),
      model: (model, { grantId, withdrawnMicroUsd: withdrawn, returnedMicroUsd: returned }) =>
        model.reverse(`dispute of ${grantId}`, { grantId, withdrawn, returned }),
      real: ({ book, clock }, told) =>
        void book.reverse({ kind: "disputed", disputeId: told.grantId, ...told, actor }, clock.nowMs),
    }),
    reserve: act({
      weight: 6,
      args: fc.record({
        id: request,
        ceiling,
        digest: fc.constantFrom("one", "one", "other"),
        idempotencyKey: rarely(fc.constantFrom("key 1", "key 2")),
        isRetry: fc.boolean(),
        paysAgain: fc.boolean(),
        payer,
        holdId: rarely(hold),
        found,
      }),
      // A name that was forgotten is a day old, and never used again.
      choose: (model, ask) => (model.hasForgotten(ask.id) ? undefined : ask),
      model: (model, ask) => model.reserve(ask),
      real: ({ book, clock }, ask) => reserve(book, ask, clock.nowMs),
    }),
    hold: act({
      weight: 2,
      args: fc.record({ id: hold, ceiling: amount(200, 40), payer }),
      choose: (model, budget) => (model.hasForgotten(budget.id) ? undefined : budget),
      model: (model, { id, ...budget }) => model.hold(id, budget),
      real({ book, clock }, { id: holdId, ceiling: ceilingMicroUsd, payer: keyId }) {
        const held = book.hold({ holdId, ceilingMicroUsd, keyId }, clock.nowMs);
        return held.ok ? undefined : held.error.code;
      },
    }),
    endHold: act({
      args: hold,
      model: (model, id) => model.endHold(id),
      real: ({ book, clock }, id) => book.endHold(id, clock.nowMs),
    }),
    note: act({
      weight: 3,
      args: working,
      model: (model, { id, line }) => model.note(id, line),
      real: ({ book }, { id, line }) => book.recordWork({ reservationId: id, lines: [line] }),
    }),
    settle: act({
      weight: 3,
      args: settling,
      model: (model, { id, ...work }) => model.settle(id, work),
      real: ({ book, clock }, work) => settle(book, work, clock.nowMs),
    }),
    release: act({
      weight: 2,
      args: request,
      model: (model, id) => model.release(id),
      real: ({ book, clock }, id) => book.release(id, clock.nowMs),
    }),
    abandon: act({
      weight: 2,
      args: working,
      model: (model, { id, line }) => model.abandon(id, line),
      real: ({ book, clock }, { id, line }) => book.abandon({ reservationId: id, lines: [line] }, clock.nowMs),
    }),
    leave: act({
      weight: 2,
      args: request,
      model: (model, id) => model.leave(id),
      real: ({ book }, id) => book.noteLeft(id),
    }),
    deleteLatent: act({
      weight: 2,
      args: latentId,
      model: (model, id) => model.forgetLatent(id),
      real: ({ book }, id) => book.forgetLatent(id),
    }),
    suspend: act({
      args: fc.nat(5).map((chance) => chance === 5),
      model(model, suspended) {
        model.isSuspended = suspended;
      },
      real: ({ admin, clock }, suspended) =>
        void admin.change("modelled", { suspended }, { actor, nowMs: clock.nowMs }),
    }),
    revoke: act({
      args: fc.constantFrom(...keys),
      model: (model, key) => void model.revokedKeys.add(key),
      real: ({ admin, clock }, key) => void admin.revokeKey(key, { actor, nowMs: clock.nowMs }),
    }),
    wait: act({
      weight: 2,
      args: minutes,
      model(model, waited) {
        model.nowMs += waited * minuteMs;
      },
      real({ clock }, waited) {
        clock.nowMs += waited * minuteMs;
      },
    }),
    expire: act({
      weight: 2,
      args: fc.constant(reservationMinutes),
      model(model, waited) {
        model.nowMs += waited * minuteMs;
        model.sweep();
      },
      real({ book, clock }, waited) {
        clock.nowMs += waited * minuteMs;
        book.sweep(clock.nowMs);
      },
    }),
    sweep: act({
      weight: 2,
      args: fc.constant("all that is due"),
      model: (model) => model.sweep(),
      real: ({ book, clock }) => book.sweep(clock.nowMs),
    }),
  };
}

function reserve(book: AccountBook, ask: ModelAsk, nowMs: number) {
  const { id, ceiling: ceilingMicroUsd, payer: keyId, found: line, ...rest } = ask;
  const latents = line === undefined ? [] : [{ latentId: line.latentId, seed: 1, bytes: 1 }];
  const found = line === undefined ? undefined : { lines: [line], latents };
  const asked = { account: "modelled", reservationId: id, ceilingMicroUsd, keyId, seeds: [1], recipe: "recipe", found };
  const reserved = book.reserve({ ...asked, ...rest }, nowMs);
  if (!reserved.ok) return reserved.error.code;
  const { reservationId, isRepeat, settlement } = reserved.value;
  return { id: reservationId, isRepeat, charged: settlement?.chargedMicroUsd };
}

const toldBy: Readonly<Record<string, string>> = {
  "There is no such reservation.": "unknown",
  "A request did more than its ceiling allows.": "too much",
};

function settle(
  book: AccountBook,
  { id: reservationId, line, isKept }: { readonly id: string; readonly line: ModelLine; readonly isKept: boolean },
  nowMs: number,
): number | string {
  const latents = isKept ? [{ latentId: line.latentId, seed: 1, bytes: 1 }] : [];
  try {
    const settled = book.settle({ reservationId, lines: [line], latents }, nowMs);
    return settled.ok ? settled.value.chargedMicroUsd : settled.error.code;
  } catch (error) {
    const known = error instanceof Error ? toldBy[error.message] : undefined;
    if (known === undefined) throw error;
    return known;
  }
}
