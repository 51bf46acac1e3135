import { describe, expect, test } from "vitest";
import { concurrencyMaxDefault } from "../../../../shared/limits.ts";
import type { AccountBook } from "../../../../workers/account/account-book.ts";
import { insertAccount, updateAccount } from "../../../../workers/account/keys/account-record.ts";
import { spentMicroUsd } from "../../../../workers/account/keys/allowance.ts";
import { insertKey, keyIdOf, revokeKey } from "../../../../workers/account/keys/key-record.ts";
import { nextEvents } from "../../../../workers/account/money/outbox.ts";
import type { FoundWork, ReserveRequest } from "../../../../workers/account/money/reservation.ts";
import { actor, sumEntries, withBook } from "../../support/account-book.ts";

const nowMs = Date.UTC(2026, 10, 22);
const dayMs = 86_400_000;
const madeMicroUsd = 60;
const hitMicroUsd = 20;
const sha256 = "ab".repeat(32);
const keyId = keyIdOf(sha256);

const latents = [{ latentId: "a", seed: 7, bytes: 1_000 }];
const found: FoundWork = { lines: [{ kind: "hit", latentId: "a", microUsd: hitMicroUsd }], latents };

function order(reservationId: string, more: Partial<ReserveRequest> = {}): ReserveRequest {
  return {
    reservationId,
    account: "account-1",
    ceilingMicroUsd: 100,
    digest: "digest",
    recipe: "apple",
    idempotencyKey: undefined,
    isRetry: false,
    seeds: [7],
    keyId,
    ...more,
  };
}

interface Books {
  readonly book: AccountBook;
  readonly sql: SqlStorage;
}

/** Books with credit, a key, and one latent that the account had made; afterwards all sums must agree. */
function withLatent<Value>(microUsd: number, work: (books: Books) => Value): Promise<Value> {
  return withBook((book, { storage: { sql } }) => {
    insertAccount(sql, "account-1", nowMs);
    const terms = { name: "", scopes: ["generate" as const], expiresMs: undefined, requestsPerMinute: undefined };
    insertKey(sql, sha256, { ...terms, budgetMicroUsdPerDay: 500 }, nowMs);
    book.grant({ grantId: "first", microUsd: microUsd + madeMicroUsd, actor }, nowMs);
    book.reserve(order("made", { ceilingMicroUsd: madeMicroUsd, keyId: undefined }), nowMs);
    const lines = [{ kind: "generation", latentId: "a", microUsd: madeMicroUsd }] as const;
    book.settle({ reservationId: "made", lines, latents }, nowMs);
    const value = work({ book, sql });
    expect({ held: 0, spent: 0, ...sumEntries(sql) }).toEqual(book.balances());
    return value;
  });
}

describe("pictures that are there", () => {
  test("are charged as by holding and settling, in one transaction, with one event and nothing held", async () => {
    await withLatent(100, ({ book, sql }) => {
      const settlement = { chargedMicroUsd: hitMicroUsd, priceBook: 2, lines: found.lines };
      const charged = book.reserve(order("1", { found }), nowMs + 1);
      expect(charged).toEqual({
        ok: true,
        value: { isRepeat: false, reservationId: "1", seeds: [7], settlement, madeMs: [nowMs] },
      });
      expect(book.balances()).toMatchObject({ available: 80, held: 0, spent: madeMicroUsd + hitMicroUsd });
      expect(spentMicroUsd(sql, keyId, nowMs)).toBe(hitMicroUsd);
      const events = nextEvents(sql).filter(({ event }) => event.id === "1");
      expect(events.map(({ event }) => event.lines)).toEqual([found.lines]);
      expect(book.settle({ reservationId: "1", lines: [] }, nowMs)).toEqual({ ok: true, value: settlement });
      expect(sql.exec<{ hits: number }>("SELECT hits FROM latents WHERE id = 'a'").one().hits).toBe(1);
    });
  });

  test("are not charged again to a repeat with the same key, nor when the call itself is repeated", async () => {
    await withLatent(100, ({ book }) => {
      const keyed = (id: string) => order(id, { idempotencyKey: "key", found });
      const first = book.reserve(keyed("1"), nowMs);
      const settlement = first.ok ? first.value.settlement : undefined;
      const repeat = { reservationId: "1", seeds: [7], settlement };
      expect(book.reserve(keyed("2"), nowMs)).toEqual({ ok: true, value: { ...repeat, isRepeat: true } });
      expect(book.reserve(keyed("1"), nowMs)).toEqual({ ok: true, value: { ...repeat, isRepeat: false } });
      expect(book.balances()).toMatchObject({ available: 80, held: 0 });
      const other = book.reserve(order("3", { idempotencyKey: "key", digest: "other", found }), nowMs);
      expect(other).toEqual({ ok: false, error: { code: "idempotency_key_reused" } });
    });
  });

  test("leave the account's place free, and never cost more than the ceiling", async () => {
    await withLatent(1_000, ({ book }) => {
      for (let i = 0; i < concurrencyMaxDefault + 1; i += 1) {
        expect(book.reserve(order(`${i}`, { keyId: undefined, ceilingMicroUsd: 1, found: free }), nowMs).ok).toBe(true);
      }
      const request = order("dear", { ceilingMicroUsd: hitMicroUsd - 1, found });
      expect(() => book.reserve(request, nowMs)).toThrow("ceiling");
      expect(book.balances()).toMatchObject({ available: 1_000, held: 0 });
    });
  });
});

const free: FoundWork = { lines: [{ kind: "hit", latentId: "a", microUsd: 0 }], latents };

describe("a request that is refused is refused alike, and charged nothing, whether or not its pictures are there:", () => {
  test.each<[string, string, number, Partial<ReserveRequest>, (books: Books) => void]>([
    ["too little for the ceiling", "insufficient_quota", 99, {}, () => {}],
    ["a suspended account", "account_suspended", 1_000, {}, ({ sql }) => updateAccount(sql, { suspended: true })],
    ["a revoked key", "invalid_api_key", 1_000, {}, ({ sql }) => revokeKey(sql, keyId, nowMs)],
    ["a budget that is used up", "key_budget_exceeded", 1_000, { ceilingMicroUsd: 501 }, () => {}],
    [
      "no place left",
      "concurrency_limit_exceeded",
      1_000,
      {},
      ({ book, sql }) => {
        updateAccount(sql, { concurrencyMax: 1 });
        book.reserve(order("busy", { ceilingMicroUsd: 1 }), nowMs);
      },
    ],
    [
      "a key of another request",
      "idempotency_key_reused",
      1_000,
      { idempotencyKey: "key" },
      ({ book }) => book.reserve(order("other", { idempotencyKey: "key", digest: "other", ceilingMicroUsd: 1 }), nowMs),
    ],
  ])("%s", async (_, code, microUsd, more, prepare) => {
    await withLatent(microUsd, (books) => {
      prepare(books);
      const before = books.book.balances();
      const held = books.book.reserve(order("1", more), nowMs);
      expect(held).toMatchObject({ ok: false, error: { code } });
      expect(books.book.reserve(order("2", { ...more, found }), nowMs)).toEqual(held);
      expect(books.book.balances()).toEqual(before);
    });
  });
});

describe("the ceiling is held, and nothing charged yet,", () => {
  test.each<[string, (books: Books) => void]>([
    ["when a latent was deleted meanwhile", ({ book }) => book.forgetLatent("a")],
    ["when it was evicted", ({ sql }) => sql.exec("DELETE FROM latents")],
    ["when another account had it made", ({ sql }) => sql.exec("UPDATE latents SET bytes = 0")],
    ["when its place is paid no longer", ({ sql }) => sql.exec("UPDATE latents SET made_ms = ?", nowMs - 30 * dayMs)],
  ])("%s", async (_, lose) => {
    await withLatent(100, (books) => {
      lose(books);
      const reserved = books.book.reserve(order("1", { found }), nowMs);
      expect(reserved).toMatchObject({ ok: true, value: { settlement: undefined, isRepeat: false } });
      expect(books.book.balances()).toMatchObject({ available: 0, held: 100 });
    });
  });

  test("for a request out of a job's hold, and for the repeat of one that was abandoned", async () => {
    await withLatent(300, ({ book }) => {
      book.hold({ holdId: "job", keyId, ceilingMicroUsd: 100 }, nowMs);
      expect(book.reserve(order("1", { holdId: "job", found }), nowMs)).toMatchObject({
        value: { settlement: undefined },
      });
      const keyed = (id: string) => order(id, { idempotencyKey: "key", found });
      book.reserve({ ...keyed("2"), found: undefined }, nowMs);
      book.recordWork({ reservationId: "2", lines: [{ kind: "generation", latentId: "b", microUsd: 30 }] });
      book.abandon({ reservationId: "2", lines: [] }, nowMs);
      expect(book.reserve(keyed("3"), nowMs)).toMatchObject({ value: { isRepeat: true, settlement: undefined } });
      const settled = book.settle({ reservationId: "3", lines: found.lines }, nowMs);
      expect(settled).toMatchObject({ value: { chargedMicroUsd: hitMicroUsd } });
    });
  });
});

test("a call that is repeated because its answer was lost holds its reservation once", async () => {
  await withLatent(100, ({ book }) => {
    for (let i = 0; i < 3; i += 1) {
      expect(book.reserve(order("1"), nowMs)).toMatchObject({ value: { reservationId: "1", isRepeat: false } });
    }
    book.release("1", nowMs);
    expect(book.balances()).toMatchObject({ available: 100, held: 0 });
  });
});
