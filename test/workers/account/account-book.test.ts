import { describe, expect, test } from "vitest";
import { concurrencyMaxDefault } from "../../../shared/limits.ts";
import type { AccountBook } from "../../../workers/account/account-book.ts";
import { nextEvents } from "../../../workers/account/money/outbox.ts";
import { post } from "../../../workers/account/money/postings.ts";
import { outcomeMs, type ReserveRequest, reservationMs } from "../../../workers/account/money/reservation.ts";
import type { ChargeLine } from "../../../workers/prices/price-book.ts";
import { actor, sumEntries, withBook } from "../support/account-book.ts";

const nowMs = Date.UTC(2026, 10, 22);

function line(kind: ChargeLine["kind"], microUsd: number, latentId = "a"): ChargeLine {
  return { kind, latentId, microUsd };
}

function order(reservationId: string, more: Partial<ReserveRequest> = {}): ReserveRequest {
  return {
    reservationId,
    account: "account-1",
    ceilingMicroUsd: 100,
    digest: "digest",
    idempotencyKey: undefined,
    isRetry: false,
    seeds: [7],
    ...more,
  };
}

/** Books with credit. */
function withCredit<Value>(microUsd: number, work: (book: AccountBook, sql: SqlStorage) => Value): Promise<Value> {
  return withBook((book, { storage }) => {
    book.grant({ grantId: "first", microUsd, actor }, nowMs);
    return work(book, storage.sql);
  });
}

describe("credit", () => {
  test("is granted once for each grant id", async () => {
    await withCredit(500, (book) => {
      book.grant({ grantId: "first", microUsd: 500, actor }, nowMs);
      expect(book.grant({ grantId: "second", microUsd: 1, actor }, nowMs)).toMatchObject({
        available: 501,
        granted: -501,
      });
    });
  });

  test("is held by a reservation up to the last micro-dollar, and no further", async () => {
    await withCredit(250, (book) => {
      expect(book.reserve(order("1"), nowMs)).toMatchObject({ ok: true });
      expect(book.reserve(order("2"), nowMs)).toMatchObject({ ok: true });
      expect(book.balances()).toMatchObject({ available: 50, held: 200 });
      const error = { code: "insufficient_quota", requiredMicroUsd: 51, availableMicroUsd: 50 };
      expect(book.reserve(order("3", { ceilingMicroUsd: 51 }), nowMs)).toEqual({ ok: false, error });
      expect(book.reserve(order("4", { ceilingMicroUsd: 50 }), nowMs)).toMatchObject({ ok: true });
    });
  });
});

describe("what is owed for a payment that went back is taken from credit that", () => {
  const refunded = { kind: "refunded", grantId: "first", refundedMicroUsd: 100, actor } as const;

  test.each<[string, (book: AccountBook) => unknown, number]>([
    ["a release frees", (book) => book.release("1", nowMs), 100],
    ["a settlement leaves", (book) => book.settle({ reservationId: "1", lines: [line("hit", 30)] }, nowMs), 70],
    ["an expired reservation held", (book) => book.sweep(nowMs + reservationMs), 100],
  ])("%s", async (_, free, taken) => {
    await withCredit(100, (book) => {
      book.reserve(order("1"), nowMs);
      expect(book.reverse(refunded, nowMs)).toMatchObject({ available: 0, held: 100 });
      free(book);
      expect(book.balances()).toMatchObject({ available: 0, held: 0, granted: taken - 100, spent: 100 - taken });
    });
  });
});

describe("places", () => {
  test("beyond those that an account has are refused, and one is free when a reservation ends in any way", async () => {
    await withCredit(100_000, (book) => {
      const reserve = (id: string, atMs = nowMs) => book.reserve(order(id, { ceilingMicroUsd: 1 }), atMs).ok;
      for (let i = 0; i < concurrencyMaxDefault; i += 1) expect(reserve(`${i}`)).toBe(true);
      expect(reserve("refused")).toBe(false);
      book.release("0", nowMs);
      expect(reserve("released")).toBe(true);
      book.settle({ reservationId: "1", lines: [] }, nowMs);
      expect(reserve("settled")).toBe(true);
      expect(reserve("refused")).toBe(false);
      book.sweep(nowMs + reservationMs);
      expect(reserve("expired", nowMs + reservationMs)).toBe(true);
    });
  });
});

describe("a reservation", () => {
  test("is settled for what was done, once, and the rest is given back", async () => {
    await withCredit(100, (book) => {
      book.reserve(order("1"), nowMs);
      const first = book.settle({ reservationId: "1", lines: [line("decode", 30)] }, nowMs);
      expect(first).toMatchObject({ ok: true, value: { chargedMicroUsd: 30 } });
      expect(book.settle({ reservationId: "1", lines: [line("decode", 99)] }, nowMs)).toEqual(first);
      expect(book.balances()).toEqual({ granted: -100, available: 70, held: 0, spent: 30 });
    });
  });

  test("never pays more than its ceiling: nothing is moved", async () => {
    await withCredit(500, (book) => {
      book.reserve(order("1"), nowMs);
      const lines = [line("decode", 101)];
      expect(() => book.settle({ reservationId: "1", lines }, nowMs)).toThrow("ceiling");
      expect(book.balances()).toMatchObject({ held: 100, spent: 0 });
    });
  });

  test("that is released costs nothing, whatever work was noted", async () => {
    await withCredit(100, (book, sql) => {
      book.reserve(order("1"), nowMs);
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      book.release("1", nowMs);
      book.release("1", nowMs);
      expect(book.balances()).toEqual({ granted: -100, available: 100, held: 0, spent: 0 });
      expect(nextEvents(sql)).toEqual([]);
    });
  });

  test("that expires costs nothing when no work was done for it", async () => {
    await withCredit(100, (book) => {
      book.reserve(order("1"), nowMs);
      expect(book.nextDueMs()).toBe(nowMs + reservationMs);
      book.sweep(nowMs + reservationMs - 1);
      expect(book.balances().held).toBe(100);
      book.sweep(nowMs + reservationMs);
      expect(book.balances()).toMatchObject({ available: 100, held: 0 });
    });
  });

  test("is held as long as its request may take, and no shorter than any", async () => {
    await withCredit(200, (book) => {
      for (const times of [0.5, 4]) book.reserve(order(String(times), { lastsMs: times * reservationMs }), nowMs);
      expect(book.nextDueMs()).toBe(nowMs + reservationMs);
      book.sweep(nowMs + 4 * reservationMs - 1);
      expect(book.balances().held).toBe(100);
    });
  });

  test("that expires because the service cut its request costs nothing, whatever ran, and frees its key", async () => {
    await withCredit(100, (book) => {
      book.reserve(order("1", { idempotencyKey: "cut" }), nowMs);
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      book.sweep(nowMs + reservationMs);
      expect(book.balances()).toMatchObject({ available: 100, held: 0, spent: 0 });
      const again = book.reserve(order("2", { idempotencyKey: "cut" }), nowMs + reservationMs);
      expect(again).toMatchObject({ ok: true, value: { isRepeat: false } });
    });
  });

  test("that expires while its request works on is charged once: to the request, or to the repeat that came first", async () => {
    const keyed = { idempotencyKey: "slow" };
    const later = nowMs + reservationMs;
    const lines = [line("generation", 60)];
    await withCredit(300, (book) => {
      book.reserve(order("1", keyed), nowMs);
      book.sweep(later);
      const repeat = book.reserve(order("2", { ...keyed, seeds: [9] }), later);
      expect(repeat).toMatchObject({ ok: true, value: { reservationId: "2", seeds: order("1").seeds } });
      expect(book.settle({ reservationId: "1", lines }, later)).toMatchObject({ value: { chargedMicroUsd: 0 } });
      expect(book.settle({ reservationId: "2", lines }, later)).toMatchObject({ value: { chargedMicroUsd: 60 } });
      expect(book.balances()).toMatchObject({ available: 240, held: 0, spent: 60 });
    });
    await withCredit(300, (book) => {
      book.reserve(order("1", keyed), nowMs);
      book.sweep(later);
      expect(book.settle({ reservationId: "1", lines }, later)).toMatchObject({ value: { chargedMicroUsd: 60 } });
      const repeat = book.reserve(order("2", keyed), later);
      expect(repeat).toMatchObject({ value: { isRepeat: true, settlement: { chargedMicroUsd: 60 } } });
      expect(book.balances()).toMatchObject({ available: 240, held: 0, spent: 60 });
    });
  });

  test("that expired leaves its key to another body too", async () => {
    await withCredit(300, (book) => {
      book.reserve(order("1", { idempotencyKey: "cut" }), nowMs);
      book.sweep(nowMs + reservationMs);
      const other = book.reserve(order("2", { idempotencyKey: "cut", digest: "other" }), nowMs + reservationMs);
      expect(other).toMatchObject({ ok: true, value: { isRepeat: false, reservationId: "2" } });
    });
  });

  test("of a job costs nothing once a try of its request failed, though nobody heard that the try before had ended", async () => {
    await withCredit(100, (book) => {
      const ofJob = { holdId: "job", idempotencyKey: "job 1" };
      book.hold({ holdId: "job", keyId: undefined, ceilingMicroUsd: 100 }, nowMs);
      book.reserve(order("1", ofJob), nowMs);
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      expect(book.reserve(order("2", ofJob), nowMs)).toMatchObject({ value: { reservationId: "1" } });
      book.release("1", nowMs);
      expect(book.endHold("job", nowMs)).toBe(0);
      expect(book.balances()).toMatchObject({ available: 100, held: 0, spent: 0 });
    });
  });

  test("that expires after its client left is charged the work that was done for it, and that alone", async () => {
    await withCredit(100, (book) => {
      book.reserve(order("1"), nowMs);
      book.noteLeft("1");
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      book.sweep(nowMs + reservationMs);
      expect(book.balances()).toMatchObject({ available: 40, held: 0, spent: 60 });
    });
  });

  test("settled by a repeat is charged the latent that was made for the request, and no hit", async () => {
    await withCredit(100, (book) => {
      book.reserve(order("1"), nowMs);
      book.recordWork({ reservationId: "1", lines: [line("generation", 60)] });
      const settled = book.settle({ reservationId: "1", lines: [line("hit", 5), line("hit", 5, "b")] }, nowMs);
      expect(settled).toMatchObject({ ok: true, value: { chargedMicroUsd: 65 } });
    });
  });

  test("settled after it was released is charged what is available, or refused", async () => {
    await withCredit(100, (book) => {
      for (const reservationId of ["1", "2"]) {
        book.reserve(order(reservationId), nowMs);
        book.release(reservationId, nowMs);
      }
      expect(book.settle({ reservationId: "1", lines: [line("decode", 60)] }, nowMs)).toMatchObject({ ok: true });
      const refused = book.settle({ reservationId: "2", lines: [line("decode", 60)] }, nowMs);
      expect(refused).toMatchObject({ ok: false, error: { code: "insufficient_quota" } });
      expect(book.balances()).toMatchObject({ available: 40, held: 0, spent: 60 });
    });
  });
});

describe("a request that is repeated", () => {
  const keyed = (reservationId: string, more: Partial<ReserveRequest> = {}) =>
    order(reservationId, { idempotencyKey: "key", ...more });

  test("with its key is given the first one's seeds and settlement, and is not charged again", async () => {
    await withCredit(100, (book) => {
      book.reserve(keyed("1"), nowMs);
      const settled = book.settle({ reservationId: "1", lines: [line("decode", 90)] }, nowMs);
      const settlement = settled.ok ? settled.value : undefined;
      const repeated = book.reserve(keyed("2", { seeds: [8] }), nowMs);
      expect(repeated).toEqual({ ok: true, value: { isRepeat: true, reservationId: "1", seeds: [7], settlement } });
      expect(book.balances()).toMatchObject({ available: 10, held: 0 });
    });
  });

  test("with its key and another body is refused", async () => {
    await withCredit(500, (book) => {
      book.reserve(keyed("1"), nowMs);
      const refused = book.reserve(keyed("2", { digest: "other" }), nowMs);
      expect(refused).toEqual({ ok: false, error: { code: "idempotency_key_reused" } });
    });
  });

  test("while it is under way shares the reservation, which lasts until both have given up", async () => {
    await withCredit(100, (book) => {
      book.reserve(keyed("1"), nowMs);
      expect(book.reserve(keyed("2"), nowMs)).toMatchObject({ ok: true, value: { reservationId: "1" } });
      book.release("1", nowMs);
      expect(book.balances().held).toBe(100);
      book.release("1", nowMs);
      expect(book.balances().held).toBe(0);
    });
  });

  test("by its own call, that comes again after it was abandoned, is answered as it ended and holds nothing", async () => {
    await withCredit(100, (book) => {
      book.reserve(keyed("1"), nowMs);
      book.abandon({ reservationId: "1", lines: [line("generation", 30)] }, nowMs);
      expect(book.reserve(keyed("1", { ceilingMicroUsd: 70 }), nowMs)).toMatchObject({
        value: { reservationId: "1", isRepeat: false, settlement: { chargedMicroUsd: 30 } },
      });
      expect(book.balances()).toMatchObject({ available: 70, held: 0, spent: 30 });
    });
  });

  test("after a failure, which cost nothing, is a new one under the same key", async () => {
    await withCredit(100, (book) => {
      book.reserve(keyed("1"), nowMs);
      book.release("1", nowMs);
      expect(book.reserve(keyed("2"), nowMs)).toMatchObject({ ok: true, value: { reservationId: "2" } });
    });
  });

  test("without a key is known by its body when the client says that it retries, for some minutes", async () => {
    await withCredit(1_000, (book) => {
      const retry = (id: string, more: object = {}) => order(id, { isRetry: true, ...more });
      book.reserve(order("1"), nowMs);
      expect(book.reserve(order("2"), nowMs)).toMatchObject({ value: { reservationId: "2", isRepeat: false } });
      expect(book.reserve(retry("3"), nowMs + 1_000)).toMatchObject({ value: { isRepeat: true } });
      expect(book.reserve(retry("4", { digest: "other" }), nowMs)).toMatchObject({ value: { isRepeat: false } });
      expect(book.reserve(retry("5"), nowMs + 600_001)).toMatchObject({ value: { isRepeat: false } });
    });
  });

  test("without a key after it failed is done anew, though a like one was answered meanwhile", async () => {
    await withCredit(1_000, (book) => {
      for (const id of ["1", "2"]) book.reserve(order(id), nowMs);
      book.settle({ reservationId: "2", lines: [line("hit", 20)] }, nowMs);
      book.release("1", nowMs);
      expect(book.reserve(order("3", { isRetry: true }), nowMs)).toMatchObject({ value: { isRepeat: false } });
      expect(book.reserve(order("4", { isRetry: true }), nowMs)).toMatchObject({ value: { isRepeat: true } });
    });
  });

  test("is forgotten after a day, and is then a new one", async () => {
    await withCredit(500, (book) => {
      book.reserve(keyed("1"), nowMs);
      book.settle({ reservationId: "1", lines: [line("hit", 20)] }, nowMs);
      book.sweep(nowMs + outcomeMs - 1);
      expect(book.reserve(keyed("2"), nowMs)).toMatchObject({ value: { reservationId: "1" } });
      book.sweep(nowMs + outcomeMs);
      expect(book.reserve(keyed("3"), nowMs)).toMatchObject({ value: { reservationId: "3" } });
    });
  });
});

describe("the entries", () => {
  test("cannot be changed or deleted, and no transaction is posted twice", async () => {
    await withCredit(100, (book, sql) => {
      expect(() => sql.exec("UPDATE entries SET micro_usd = 0")).toThrow("append only");
      expect(() => sql.exec("DELETE FROM entries")).toThrow("append only");
      const changes = { granted: -100, available: 100 };
      expect(() => post(sql, { id: "grant:first", changes, atMs: nowMs })).toThrow("UNIQUE");
      expect(book.balances().available).toBe(100);
    });
  });

  test("of a transaction sum to 0, and none makes a balance negative", async () => {
    await withCredit(100, (book, sql) => {
      expect(() => post(sql, { id: "x", changes: { available: 1 }, atMs: nowMs })).toThrow("sum to 0");
      expect(() => post(sql, { id: "y", changes: { available: -0.5, spent: 0.5 }, atMs: nowMs })).toThrow("whole");
      const overdrawn = () => post(sql, { id: "z", changes: { available: -101, spent: 101 }, atMs: nowMs });
      expect(overdrawn).toThrow("CHECK");
      expect(book.balances().available).toBe(100);
    });
  });

  test("sum to the balances after any sequence of operations, with no balance ever negative", async () => {
    await withCredit(5_000, (book, sql) => {
      const random = mulberry32(1);
      const ids: string[] = [];
      const pick = () => ids[Math.floor(random() * ids.length)] ?? "none";
      for (let step = 0; step < 600; step += 1) {
        const atMs = nowMs + step * 5_000;
        act(book, {
          choice: Math.floor(random() * 6),
          id: pick(),
          newId: `r${step}`,
          size: Math.ceil(random() * 90),
          atMs,
        });
        ids.push(`r${step}`);
        const { granted, available, held, spent } = book.balances();
        expect(Math.min(available, held, spent)).toBeGreaterThanOrEqual(0);
        expect(granted + available + held + spent).toBe(0);
      }
      expect({ held: 0, spent: 0, ...sumEntries(sql) }).toEqual(book.balances());
      expect(book.balances().spent).toBeGreaterThan(0);
    });
  });
});

interface Act {
  readonly choice: number;
  readonly id: string;
  readonly newId: string;
  readonly size: number;
  readonly atMs: number;
}

/** One operation, on a reservation that may be in any state or not exist. */
function act(book: AccountBook, { choice, id, newId, size, atMs }: Act): void {
  try {
    if (choice < 2) book.reserve(order(newId, { idempotencyKey: `key${size}`, digest: `${size % 2}` }), atMs);
    if (choice === 2) book.settle({ reservationId: id, lines: [line("decode", size)] }, atMs);
    if (choice === 3) book.release(id, atMs);
    if (choice === 4) book.recordWork({ reservationId: id, lines: [line("generation", size % 10)] });
    if (choice === 5) book.sweep(atMs);
  } catch (error) {
    expect(String(error)).toMatch(/no such reservation/u);
  }
}

/** A small generator of numbers from 0 to 1, the same in every run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
