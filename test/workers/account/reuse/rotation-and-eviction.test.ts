import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latentsPerPromptDefault } from "../../../../shared/limits.ts";
import { insertAccount, updateAccount } from "../../../../workers/account/keys/account-record.ts";
import { recordDelivered } from "../../../../workers/account/reuse/delivered-latents.ts";
import { nextEvictions } from "../../../../workers/account/reuse/eviction.ts";
import { forgetRotations, rotateSeeds } from "../../../../workers/account/reuse/rotation.ts";
import type { ChargeLine } from "../../../../workers/prices/price-book.ts";
import { withBook } from "../../support/account-book.ts";

const nowMs = Date.UTC(2026, 10, 22);
const dayMs = 86_400_000;

function withLatents(
  work: (sql: SqlStorage) => void,
  limits: { latentBytesMax?: number; latentsPerPrompt?: number } = {},
): Promise<void> {
  return withBook((_, { storage: { sql } }) => {
    insertAccount(sql, "account", nowMs);
    updateAccount(sql, limits);
    work(sql);
  });
}

function made(latentId: string, microUsd = 100): ChargeLine {
  return { kind: "generation", latentId, microUsd };
}

function hit(latentId: string): ChargeLine {
  return { kind: "hit", latentId, microUsd: 20 };
}

interface Delivered {
  readonly seed: number;
  readonly line?: ChargeLine;
  readonly atMs?: number;
  readonly recipe?: string;
}

function deliver(sql: SqlStorage, { seed, line = made(`${seed}`), atMs = nowMs, recipe = "apple" }: Delivered): void {
  const latents = [{ latentId: `${seed}`, seed, bytes: 1_000 }];
  recordDelivered(sql, { recipe, caller: "maker", latents, lines: [line] }, atMs);
}

function turn(sql: SqlStorage, seeds: readonly number[], caller = "key"): number[] {
  return rotateSeeds(sql, { recipe: "apple", caller, seeds }, nowMs);
}

describe("a request without a seed", () => {
  test("is given what was proposed while the prompt has nothing, and afterwards what it has", async () => {
    await withLatents((sql) => {
      expect(turn(sql, [7])).toEqual([7]);
      deliver(sql, { seed: 1 });
      expect(turn(sql, [7])).toEqual([1]);
      expect(turn(sql, [7, 8])).toEqual([1, 7]);
    });
  });

  test("is told from other callers' for 30 days after its last turn, or a day less", async () => {
    await withLatents((sql) => {
      const turns = () =>
        sql
          .exec<{ at_ms: number }>("SELECT at_ms FROM turns")
          .toArray()
          .map(({ at_ms }) => at_ms);
      for (const hours of [0, 1, 23, 24]) {
        rotateSeeds(sql, { recipe: "apple", caller: "key", seeds: [7] }, nowMs + hours * 3_600_000);
        expect(turns()).toEqual([nowMs + (hours < 24 ? 0 : 24) * 3_600_000]);
      }
      rotateSeeds(sql, { recipe: "apple", caller: "key", seeds: [8] }, nowMs + dayMs + 1);
      expect(turns()).toEqual([nowMs + dayMs + 1]);
      forgetRotations(sql, nowMs + 31 * dayMs);
      expect(turns()).toHaveLength(1);
      forgetRotations(sql, nowMs + 31 * dayMs + 2);
      expect(turns()).toEqual([]);
    });
  });

  test("of another prompt is given nothing of this one", async () => {
    await withLatents((sql) => {
      deliver(sql, { seed: 1, recipe: "pear" });
      expect(turn(sql, [7])).toEqual([7]);
    });
  });

  test("goes round the newest latents, as many as the account keeps a prompt", async () => {
    await withLatents((sql) => {
      for (let seed = 1; seed <= 6; seed += 1) deliver(sql, { seed, atMs: nowMs + seed });
      const given = Array.from({ length: 8 }, () => turn(sql, [99])[0]);
      expect(given).toEqual([3, 4, 5, 6, 3, 4, 5, 6]);
      expect(new Set(given).size).toBe(latentsPerPromptDefault);
    });
    await withLatents(
      (sql) => {
        for (let seed = 1; seed <= 6; seed += 1) deliver(sql, { seed, atMs: nowMs + seed });
        expect(Array.from({ length: 4 }, () => turn(sql, [99])[0])).toEqual([5, 6, 5, 6]);
      },
      { latentsPerPrompt: 2 },
    );
  });

  test("is never given the same twice in a row by turns of any callers, as long as the prompt has another", async () => {
    const callers = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 30 });
    await withLatents((sql) => {
      for (let seed = 1; seed <= 3; seed += 1) deliver(sql, { seed });
      fc.assert(
        fc.property(callers, (order) => {
          const last = new Map<string, number>();
          for (const caller of order) {
            const [seed = -1] = turn(sql, [99], caller);
            expect([1, 2, 3]).toContain(seed);
            expect(seed).not.toBe(last.get(caller));
            last.set(caller, seed);
          }
        }),
        { numRuns: 50 },
      );
    });
  });
});

describe("latents beyond the account's budget", () => {
  test("go, the least worth first: cost × hits ÷ age", async () => {
    await withLatents(
      (sql) => {
        deliver(sql, { seed: 1, line: made("1", 100) });
        deliver(sql, { seed: 2, line: made("2", 100) });
        deliver(sql, { seed: 3, line: made("3", 1_000) });
        for (let i = 0; i < 5; i += 1) deliver(sql, { seed: 2, line: hit("2") });
        expect(nextEvictions(sql, 10)).toEqual([]);
        deliver(sql, { seed: 4, line: made("4", 100), atMs: nowMs + 1_000 });
        expect(nextEvictions(sql, 10)).toEqual(["1"]);
        expect(turn(sql, [99, 98, 97, 96])).not.toContain(1);
      },
      { latentBytesMax: 3_400 },
    );
  });

  test("are not evicted when they were made again, or belong to somebody else", async () => {
    await withLatents(
      (sql) => {
        for (const seed of [1, 2, 3]) deliver(sql, { seed, line: hit(`${seed}`) });
        expect(nextEvictions(sql, 10)).toEqual([]);
        for (const seed of [4, 5]) deliver(sql, { seed, atMs: nowMs + seed });
        expect(nextEvictions(sql, 10)).toEqual(["4", "5"]);
        deliver(sql, { seed: 4, line: hit("4") });
        expect(nextEvictions(sql, 10)).toEqual(["5"]);
      },
      { latentBytesMax: 1_000 },
    );
  });
});
