import fc from "fast-check";
import { expect, test } from "vitest";
import type { AccountBook } from "../../../../workers/account/account-book.ts";
import { actor, sumEntries, withBook } from "../../support/account-book.ts";
import { LedgerModel } from "./ledger-model.ts";

// The real book on a real object's SQLite, step by step against a model of it; a story that fails is made as short as it can be.

const startMs = Date.UTC(2026, 10, 22);
const stories = 3_000;
const stepsMin = 100_000;
/** As many find each planted fault. */
const storiesForFault = 400;
const stepsMax = 80;
/** Any other finds other stories; what fails names its own. */
const seed = 20_261_126;
const testMsMax = 300_000;

interface Working {
  readonly do: "note" | "settle" | "abandon";
  readonly id: number;
  readonly latent: number;
  readonly size: number;
}

interface Leaving {
  readonly do: "release" | "leave";
  readonly id: number;
}

type Act =
  | { readonly do: "grant"; readonly id: number; readonly size: number }
  | { readonly do: "reserve"; readonly id: number; readonly size: number }
  | Working
  | Leaving
  | { readonly do: "sweep"; readonly minutes: number };

const id = fc.nat(5);
const size = fc.integer({ min: 1, max: 10 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant("grant" as const), id, size: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ do: fc.constant("reserve" as const), id, size: fc.integer({ min: 40, max: 60 }) }),
  fc.record({ do: fc.constantFrom("note" as const, "settle", "abandon"), id, latent: fc.nat(2), size }),
  fc.record({ do: fc.constantFrom("release" as const, "leave"), id }),
  fc.record({ do: fc.constant("sweep" as const), minutes: fc.nat(20) }),
);

type Book = Pick<
  AccountBook,
  "grant" | "reserve" | "recordWork" | "settle" | "abandon" | "release" | "noteLeft" | "sweep" | "balances"
>;

/** One story: a book and its model side by side. */
class Story {
  readonly #book: Book;
  readonly #model = new LedgerModel();
  readonly #ids = new Map<number, string>();
  #nowMs = startMs;
  #count = 0;

  constructor(book: Book) {
    this.#book = book;
  }

  step(act: Act): void {
    this.#take(act);
    expect(this.#book.balances()).toEqual({
      granted: 0 - this.#model.granted,
      available: this.#model.available,
      held: this.#model.held,
      spent: this.#model.spent,
    });
  }

  #take(act: Act): void {
    switch (act.do) {
      case "grant":
        this.#book.grant({ grantId: `${act.id}`, microUsd: act.size, actor }, this.#nowMs);
        this.#model.grant(`${act.id}`, act.size);
        break;
      case "sweep":
        this.#nowMs += act.minutes * 60_000;
        this.#book.sweep(this.#nowMs);
        this.#model.sweep(this.#nowMs);
        break;
      case "reserve":
        this.#reserve(act);
        break;
      default:
        this.#end(act);
    }
  }

  /** Nothing, for a request that has not been reserved in this story. */
  #end(act: Working | Leaving): void {
    const reservationId = this.#ids.get(act.id);
    if (reservationId === undefined) return;
    if ("latent" in act) {
      this.#work(reservationId, act);
    } else if (act.do === "release") {
      this.#book.release(reservationId, this.#nowMs);
      this.#model.release(reservationId);
    } else {
      this.#book.noteLeft(reservationId);
      this.#model.leave(reservationId);
    }
  }

  #work(reservationId: string, act: Working): void {
    const line = { latentId: `${act.latent}`, microUsd: act.size };
    const work = { reservationId, lines: [{ kind: "generation" as const, ...line }] };
    if (act.do === "note") {
      this.#book.recordWork(work);
      this.#model.note(reservationId, line);
    } else if (act.do === "abandon") {
      this.#book.abandon(work, this.#nowMs);
      this.#model.abandon(reservationId, line);
    } else {
      const settled = this.#book.settle(work, this.#nowMs);
      const charged = settled.ok ? settled.value.chargedMicroUsd : undefined;
      expect(charged).toBe(this.#model.settle(reservationId, line));
    }
  }

  #reserve({ id: place, size: ceiling }: Extract<Act, { do: "reserve" }>): void {
    this.#count += 1;
    const fresh = `${this.#count}`;
    const reserved = this.#book.reserve(
      {
        reservationId: fresh,
        account: "modelled",
        ceilingMicroUsd: ceiling,
        idempotencyKey: undefined,
        isRetry: false,
        digest: fresh,
        seeds: [1],
      },
      this.#nowMs,
    );
    const isHeld = this.#model.reserve(fresh, { ceiling, atMs: this.#nowMs });
    expect(reserved.ok).toBe(isHeld);
    if (reserved.ok) this.#ids.set(place, reserved.value.reservationId);
  }
}

let stepsTaken = 0;

function property(faulty: (book: AccountBook) => Book = (book) => book) {
  return fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: stepsMax, size: "max" }), (steps) =>
    withBook((book, { storage }) => {
      const story = new Story(faulty(book));
      for (const act of steps) story.step(act);
      stepsTaken += steps.length;
      const { granted, available, held, spent } = book.balances();
      const sums = { granted: 0, available: 0, held: 0, spent: 0, ...sumEntries(storage.sql) };
      expect(sums).toEqual({ granted, available, held, spent });
    }),
  );
}

test(
  "a ledger does what its model does, in any story of grants, reservations, work, ends, departures and time",
  async () => {
    stepsTaken = 0;
    await fc.assert(property(), { numRuns: stories, seed });
    expect(stepsTaken).toBeGreaterThan(stepsMin);
  },
  testMsMax,
);

const bound = (book: AccountBook): Book => ({
  grant: (...asked) => book.grant(...asked),
  reserve: (...asked) => book.reserve(...asked),
  recordWork: (work) => book.recordWork(work),
  settle: (...asked) => book.settle(...asked),
  abandon: (...asked) => book.abandon(...asked),
  release: (...asked) => book.release(...asked),
  noteLeft: (reservationId) => book.noteLeft(reservationId),
  sweep: (nowMs) => book.sweep(nowMs),
  balances: () => book.balances(),
});

let copies = 0;
const faults: readonly (readonly [string, (book: AccountBook) => Book])[] = [
  [
    "a grant counts each time it is told",
    (book) => ({
      ...bound(book),
      grant: (grant, nowMs) => book.grant({ ...grant, grantId: `${grant.grantId} ${copies++}` }, nowMs),
    }),
  ],
  [
    "a reservation holds one too little",
    (book) => ({
      ...bound(book),
      reserve: (order, nowMs) => book.reserve({ ...order, ceilingMicroUsd: order.ceilingMicroUsd - 1 }, nowMs),
    }),
  ],
  ["a release is forgotten", (book) => ({ ...bound(book), release: () => {} })],
  [
    "a release charges what was noted",
    (book) => ({
      ...bound(book),
      release: (reservationId, nowMs) => book.abandon({ reservationId, lines: [] }, nowMs),
    }),
  ],
  ["work is not noted", (book) => ({ ...bound(book), recordWork: () => {} })],
  [
    "a settlement forgets its own line",
    (book) => ({ ...bound(book), settle: (work, nowMs) => book.settle({ ...work, lines: [] }, nowMs) }),
  ],
  [
    "who leaves pays nothing",
    (book) => ({ ...bound(book), abandon: ({ reservationId }, nowMs) => book.release(reservationId, nowMs) }),
  ],
  [
    "who leaves pays only what was noted",
    (book) => ({
      ...bound(book),
      abandon: ({ reservationId }, nowMs) => book.abandon({ reservationId, lines: [] }, nowMs),
    }),
  ],
  ["a departure is not noted", (book) => ({ ...bound(book), noteLeft: () => {} })],
  ["nothing ever expires", (book) => ({ ...bound(book), sweep: () => {} })],
];

test.each(faults)(
  "a planted fault is found: %s",
  async (_, faulty) => {
    const { failed } = await fc.check(property(faulty), { numRuns: storiesForFault, seed, endOnFailure: true });
    expect(failed).toBe(true);
  },
  testMsMax,
);
