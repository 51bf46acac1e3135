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

/** Where neither time was measured nor anything saved. */
const sums = (requests: number, lines: number, micro_usd: number) => ({
  requests,
  lines,
  micro_usd,
  gpu_ms: 0,
  saved: { micro_usd: 0, gpu_ms: 0 },
});

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
    expect((await usageOf(key)).data).toEqual([
      {
        object: "usage.day",
        day: isoDay(midnightMs),
        ...sums(1, 3, 21),
        groups: [
          { kind: "decode", ...sums(1, 1, 8) },
          { kind: "generation", ...sums(1, 1, 12) },
          { kind: "storage", ...sums(1, 1, 1) },
        ],
      },
      {
        object: "usage.day",
        day: isoDay(midnightMs - 1),
        ...sums(2, 3, 18),
        groups: [
          { kind: "decode", ...sums(1, 1, 8) },
          { kind: "hit", ...sums(2, 2, 10) },
        ],
      },
    ]);
  });

  test("tells keys and kinds apart where that is asked for, and keeps apart what no key is known of", async () => {
    const key = await edge.createKey("keyed");
    await recordUsage(edge.env.USAGE, [
      { ...settlement("keyed", midnightMs, ["hit", 5], ["decode", 8]), keyId: "key_b" },
      { ...settlement("keyed", midnightMs, ["hit", 5]), keyId: "key_a" },
      settlement("keyed", midnightMs, ["hit", 7]),
    ]);
    const [byKey] = (await usageOf(key, "?group_by=key")).data;
    expect(byKey?.groups).toEqual([
      { key: null, ...sums(1, 1, 7) },
      { key: "key_a", ...sums(1, 1, 5) },
      { key: "key_b", ...sums(1, 2, 13) },
    ]);
    const csv = await edge.get(key, "/v1/usage?group_by=key,kind&format=csv&limit=1");
    expect(csv.headers.get("content-type")).toMatch(/^text\/csv/u);
    const day = isoDay(midnightMs);
    expect(await csv.text()).toBe(
      [
        "day,key,kind,requests,lines,micro_usd,gpu_ms,saved_micro_usd,saved_gpu_ms",
        `${day},,hit,1,1,7,0,0,0`,
        `${day},key_a,hit,1,1,5,0,0,0`,
        `${day},key_b,decode,1,1,8,0,0,0`,
        `${day},key_b,hit,1,1,5,0,0,0`,
        "",
      ].join("\r\n"),
    );
  });

  test("links each page of CSV to the next one, until nothing is left", async () => {
    const key = await edge.createKey("linked");
    await recordUsage(edge.env.USAGE, [
      settlement("linked", midnightMs, ["hit", 5]),
      settlement("linked", midnightMs - 9 * dayMs, ["hit", 6]),
    ]);
    const read = (url: string) => edge.fetch(url, { headers: { authorization: `Bearer ${key}`, accept: "text/csv" } });
    const first = await read("/v1/usage?limit=1");
    const next = /^<(.+)>; rel="next"$/u.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await read(next);
    expect([await first.text(), await second.text()]).toEqual([
      expect.stringContaining(`${isoDay(midnightMs)},hit,1,1,5,`),
      expect.stringContaining(`${isoDay(midnightMs - 9 * dayMs)},hit,1,1,6,`),
    ]);
    expect(second.headers.get("link")).toBeNull();
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
    const [first, again] = [
      await edge.generate(key, { prompt: "apple", seed: 1 }),
      await edge.generate(key, { prompt: "apple", seed: 1 }),
    ];
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

    // What the second picture saved is what the first one's latent cost, less the hit. The double reports 1.5 and 20
    // ms.
    const kinds = new Map(data[0]?.groups.map((group) => [group.kind, group]));
    const making = (kinds.get("generation")?.micro_usd ?? 0) + (kinds.get("storage")?.micro_usd ?? 0);
    const gpuMs = kinds.get("generation")?.gpu_ms;
    expect([gpuMs, kinds.get("decode")?.gpu_ms]).toEqual([22, 13]);
    const hit = kinds.get("hit")?.micro_usd ?? 0;
    expect(kinds.get("hit")?.saved).toEqual({ micro_usd: Math.max(0, making - hit), gpu_ms: gpuMs });
    expect(data[0]?.saved).toEqual(kinds.get("hit")?.saved);
    expect([first, again].map(({ usage }) => usage.pictures[0]?.tier)).toEqual(["generated", "image"]);
  });

  test("tells by tier what pictures were charged, and keeps apart what brought no picture", async () => {
    const key = await edge.createKey("tiers");
    const request = { prompt: "a green pear", seed: 1 };
    const made = [
      await edge.generate(key, request),
      await edge.generate(key, request),
      await edge.generate(key, { ...request, output_format: "jpeg" }),
    ];
    expect(made.map(({ usage }) => usage.pictures[0]?.tier)).toEqual(["generated", "image", "latent"]);
    const page = { afterEntry: 0, untilMs: edge.nowMs + 1, limit: 10 };
    const events = (await edge.ledger("tiers").settledEntries(page)).flatMap(({ event }) => event ?? []);
    await recordUsage(edge.env.USAGE, [...events, settlement("tiers", edge.nowMs, ["stopped", 3])]);

    const charged = made.map(({ usage }) => usage.cost.micro_usd);
    const [day] = (await usageOf(key, "?group_by=tier")).data;
    expect(day?.groups.map(({ tier, requests, micro_usd }) => [tier, requests, micro_usd])).toEqual([
      [null, 1, 3],
      ["generated", 1, charged[0]],
      ["image", 1, charged[1]],
      ["latent", 1, charged[2]],
    ]);
    const csv = await (await edge.get(key, "/v1/usage?group_by=kind,tier&format=csv")).text();
    const rows = csv.split("\r\n").map((row) => row.split(","));
    expect(rows.slice(0, -1).map((row) => row.slice(1, 4))).toEqual([
      ["kind", "tier", "requests"],
      ["decode", "generated", "1"],
      ["decode", "latent", "1"],
      ["generation", "generated", "1"],
      ["hit", "image", "1"],
      ["hit", "latent", "1"],
      ["stopped", "", "1"],
      ["storage", "generated", "1"],
    ]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["cursor=yesterday", "cursor"],
    ["group_by=model", "group_by"],
    ["group_by=key,key", "group_by"],
    ["format=xml", "format"],
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
