import { describe, expect, test } from "vitest";
import type { AccountBook } from "../../../../workers/account/account-book.ts";
import { outcomeMs, type ReserveRequest, reservationMs } from "../../../../workers/account/money/reservation.ts";
import type { ChargeLine } from "../../../../workers/prices/price-book.ts";
import { actor, sumEntries, withBook } from "../../support/account-book.ts";

const nowMs = Date.UTC(2026, 10, 22);
const dayMs = 24 * 3_600_000;
const made: readonly ChargeLine[] = [{ kind: "generation", latentId: "a", microUsd: 60 }];

/** A request of 100 micro-USD at most, out of the hold. */
function order(reservationId: string, holdId: string | undefined = "job"): ReserveRequest {
  const identity = { reservationId, account: "account-1", digest: "digest", idempotencyKey: undefined };
  return { ...identity, ceilingMicroUsd: 100, isRetry: false, seeds: [7], holdId };
}

/** Books with 1,000 micro-USD, 300 of them held for a job; afterwards the entries must sum to the balances. */
async function withHold(work: (book: AccountBook) => void): Promise<void> {
  await withBook((book, { storage }) => {
    book.grant({ grantId: "first", microUsd: 1_000, actor }, nowMs);
    expect(book.hold({ holdId: "job", keyId: undefined, ceilingMicroUsd: 300 }, nowMs)).toMatchObject({ ok: true });
    work(book);
    expect(book.balances()).toMatchObject(sumEntries(storage.sql));
  });
}

describe("a hold", () => {
  test("is taken once for each id, and refused beyond what is available", async () => {
    await withHold((book) => {
      expect(book.hold({ holdId: "job", keyId: undefined, ceilingMicroUsd: 300 }, nowMs)).toMatchObject({ ok: true });
      expect(book.balances()).toMatchObject({ available: 700, held: 300 });
      const error = { code: "insufficient_quota", requiredMicroUsd: 701, availableMicroUsd: 700 };
      expect(book.hold({ holdId: "other", keyId: undefined, ceilingMicroUsd: 701 }, nowMs)).toEqual({
        ok: false,
        error,
      });
    });
  });

  test("pays its reservations, of which the surplus goes to the account and the failed ones return to it", async () => {
    await withHold((book) => {
      for (const id of ["1", "2"]) book.reserve(order(id), nowMs);
      expect(book.balances()).toMatchObject({ available: 700, held: 300 });
      book.settle({ reservationId: "1", lines: made }, nowMs);
      expect(book.balances()).toMatchObject({ available: 740, held: 200, spent: 60 });
      book.release("2", nowMs);
      expect(book.balances()).toMatchObject({ available: 740, held: 200 });
      for (const id of ["3", "4"]) book.reserve(order(id), nowMs);
      expect(book.balances()).toMatchObject({ available: 740, held: 200 });
    });
  });

  test("that is used up leaves further reservations to what is available", async () => {
    await withHold((book) => {
      for (const id of ["1", "2", "3", "4"]) expect(book.reserve(order(id), nowMs)).toMatchObject({ ok: true });
      expect(book.balances()).toMatchObject({ available: 600, held: 400 });
    });
  });

  test("gives everything back that was not spent when it ends, and tells what was, however often it is asked", async () => {
    await withHold((book) => {
      for (const id of ["1", "2"]) book.reserve(order(id), nowMs);
      book.settle({ reservationId: "1", lines: made }, nowMs);
      expect([book.endHold("job", nowMs), book.endHold("job", nowMs)]).toEqual([60, 60]);
      expect(book.balances()).toMatchObject({ available: 940, held: 0, spent: 60 });
    });
  });

  test("charges the latents that were made for requests which nobody settles any more", async () => {
    await withHold((book) => {
      book.reserve(order("1"), nowMs);
      book.recordWork({ reservationId: "1", lines: made });
      expect(book.endHold("job", nowMs)).toBe(60);
      expect(book.balances()).toMatchObject({ available: 940, held: 0, spent: 60 });
    });
  });

  test("that has ended takes nothing back: what is released later goes to the account", async () => {
    await withHold((book) => {
      book.reserve(order("1"), nowMs);
      book.endHold("job", nowMs);
      book.release("1", nowMs);
      expect(book.settle({ reservationId: "1", lines: made }, nowMs)).toMatchObject({ ok: true });
      expect(book.balances()).toMatchObject({ available: 940, held: 0, spent: 60 });
    });
  });

  test("that nobody ends is ended after two days, and forgotten after three", async () => {
    await withHold((book) => {
      book.reserve(order("1"), nowMs);
      book.sweep(nowMs + reservationMs);
      expect(book.balances()).toMatchObject({ available: 700, held: 300 });
      book.sweep(nowMs + 2 * dayMs);
      expect(book.balances()).toMatchObject({ available: 1_000, held: 0 });
      book.sweep(nowMs + 2 * dayMs + outcomeMs);
      expect(book.endHold("job", nowMs)).toBeUndefined();
      expect(book.nextDueMs()).toBeUndefined();
    });
  });
});
