import { describe, expect, test } from "vitest";
import type { UsageList } from "../../../shared/api/usage.ts";
import type { UsageEvent } from "../../../workers/usage/usage-event.ts";
import { recordUsage } from "../../../workers/usage/usage-table.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const dayMs = 24 * 60 * 60 * 1_000;
/** Of the present day. */
const midnightMs = Math.floor(edge.nowMs / dayMs) * dayMs;

const isoDay = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);

function settlement(account: string, atMs: number, ...lines: readonly [UsageEvent["lines"][number]["kind"], number][]) {
  const id = crypto.randomUUID();
  return {
    id,
    account,
    atMs,
    priceBook: 2,
    lines: lines.map(([kind, microUsd]) => ({ kind, latentId: "a".repeat(64), microUsd })),
  };
}

async function usageOf(key: string, query = ""): Promise<UsageList> {
  const response = await edge.get(key, `/v1/usage${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

describe("GET /v1/usage", () => {
  test("is empty for an account that was never charged", async () => {
    expect(await usageOf(await edge.createKey())).toEqual({
      object: "list",
      data: [],
      has_more: false,
      next_cursor: null,
    });
  });

  test("adds up each UTC day by kind, newest first, of this account alone", async () => {
    const key = await edge.createKey("spender");
    await recordUsage(edge.env.USAGE, [
      settlement("spender", midnightMs, ["generation", 12], ["storage", 1], ["decode", 8]),
      settlement("spender", midnightMs - 1, ["hit", 5]),
      settlement("spender", midnightMs - dayMs, ["hit", 5], ["decode", 8]),
      settlement("another", midnightMs, ["generation", 1_000]),
    ]);
    const kind = (name: string, lines: number, micro_usd: number) => ({ kind: name, lines, micro_usd });
    expect((await usageOf(key)).data).toEqual([
      {
        object: "usage.day",
        day: isoDay(midnightMs),
        requests: 1,
        micro_usd: 21,
        kinds: [kind("decode", 1, 8), kind("generation", 1, 12), kind("storage", 1, 1)],
      },
      {
        object: "usage.day",
        day: isoDay(midnightMs - 1),
        requests: 2,
        micro_usd: 18,
        kinds: [kind("decode", 1, 8), kind("hit", 2, 10)],
      },
    ]);
  });

  test("tells every day once, page by page, over months in which nothing was charged", async () => {
    const key = await edge.createKey("rare");
    const days = [0, 1, 2, 90, 91, 400];
    await recordUsage(
      edge.env.USAGE,
      days.map((day) => settlement("rare", midnightMs - day * dayMs, ["hit", day + 1])),
    );
    const told: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ""; cursor !== null; pages += 1) {
      const page: UsageList = await usageOf(key, `?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      told.push(...page.data.map(({ day }) => day));
      expect(page.has_more).toBe(page.next_cursor !== null);
      cursor = page.next_cursor;
    }
    expect(told).toEqual(days.map((day) => isoDay(midnightMs - day * dayMs)));
    expect(pages).toBe(4);
  });

  test("equals what the ledger spent, once the queue has delivered it", async () => {
    const key = await edge.createKey("balanced");
    await edge.generate(key, { prompt: "apple", seed: 1 });
    await edge.generate(key, { prompt: "apple", seed: 1 });
    const entries = await edge.ledger("balanced").settledEntries({ afterEntry: 0, untilMs: edge.nowMs + 1, limit: 10 });
    expect(entries).toHaveLength(2);
    await recordUsage(
      edge.env.USAGE,
      entries.flatMap(({ event }) => (event === undefined ? [] : [event])),
    );
    const { data } = await usageOf(key);
    const { spent } = await edge.ledger("balanced").balances();
    expect(spent).toBeGreaterThan(0);
    expect(data.map(({ requests, micro_usd }) => [requests, micro_usd])).toEqual([[2, spent]]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["cursor=yesterday", "cursor"],
  ])("refuses ?%s, naming the parameter", async (query, param) => {
    const response = await edge.get(await edge.createKey(), `/v1/usage?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
  });

  test("is refused to a key without the scope read", async () => {
    const key = await edge.createKey(undefined, 0, { scopes: ["generate"] });
    expect((await edge.get(key, "/v1/usage")).status).toBe(403);
  });
});
