import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { BackendItem, LedgerItem } from "../../../shared/api/operator-answers.ts";
import type { SpendAnswer } from "../../../shared/api/spend.ts";
import { recordUsage } from "../../../workers/usage/usage-table.ts";
import { ledgerStub } from "../support/account-book.ts";
import { TestEdge } from "../support/test-edge.ts";

let edge: TestEdge;

beforeEach(() => {
  edge = new TestEdge();
});

async function list<Item>(path: string): Promise<{ readonly data: readonly Item[]; readonly has_more: boolean }> {
  const response = await edge.get(edge.env.ADMIN_SECRET, `/v1/admin/${path}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return response.json();
}

async function ledgerOf(account: string): Promise<LedgerItem> {
  const response = await edge.admin("GET", `${account}/ledger`);
  expect(response.status).toBe(200);
  return response.json();
}

const corrupt = (account: string, statement: string) =>
  runInDurableObject(ledgerStub(account), (_, { storage }) => void storage.sql.exec(statement));

describe("the state of ledgers", () => {
  test("states what a ledger has, what waits, and that its sums are right", async () => {
    const key = await edge.createKey("well", 10_000);
    await edge.generate(key, { prompt: "apple", seed: 1 });
    const { available, spent } = await edge.ledger("well").balances();
    const ledger = await ledgerOf("well");
    expect(ledger).toMatchObject({
      object: "ledger",
      account: "well",
      balanced: true,
      available_micro_usd: available,
      held_micro_usd: 0,
      spent_micro_usd: spent,
      open_reservations: 0,
      oldest_reservation: null,
      reconciled: null,
    });
    expect(ledger.outbox_events).toBeLessThanOrEqual(1);
  });

  test("tells since when the oldest reservation is open and the oldest event waits, and the last reconciliation", async () => {
    await edge.createKey("waiting", 10_000);
    const { nowMs } = edge;
    const request = { account: "waiting", ceilingMicroUsd: 100, digest: "", seeds: [], isRetry: false };
    for (const reservationId of ["first", "second"]) {
      await edge.ledger("waiting").reserve({ ...request, reservationId, idempotencyKey: undefined });
      edge.nowMs += 60_000;
    }
    await corrupt("waiting", `INSERT INTO outbox (event) VALUES ('{"atMs":1700000000000}')`);
    const table = edge.env.USAGE.prepare("INSERT INTO reconciliations VALUES ('waiting', 0, 1700000001000)");
    await table.run();
    const ledger = await ledgerOf("waiting");
    expect(ledger).toMatchObject({
      balanced: true,
      held_micro_usd: 200,
      open_reservations: 2,
      outbox_events: 1,
      oldest_event: "2023-11-14T22:13:20.000Z",
      reconciled: "2023-11-14T22:13:21.000Z",
    });
    // The first one: the second came a minute later.
    const sinceMs = Date.parse(ledger.oldest_reservation ?? "") - nowMs;
    expect(sinceMs).toBeGreaterThanOrEqual(0);
    expect(sinceMs).toBeLessThan(60_000);
  });

  test.each([
    ["a balance that lost a part", "UPDATE balances SET micro_usd = micro_usd - 1 WHERE bucket = 'available'"],
    [
      "money held for nothing",
      "UPDATE balances SET micro_usd = micro_usd + CASE bucket WHEN 'held' THEN 5 ELSE -5 END WHERE bucket IN ('held', 'available')",
    ],
  ])("shows %s", async (_name, statement) => {
    const account = `ill-${crypto.randomUUID()}`;
    await edge.createKey(account, 1_000);
    expect(await ledgerOf(account)).toMatchObject({ account, balanced: true });
    await corrupt(account, statement);
    expect(await ledgerOf(account)).toMatchObject({ account, balanced: false });
  });

  test("is 404 for an account that was never opened", async () => {
    expect((await edge.admin("GET", "nobody/ledger")).status).toBe(404);
  });

  test("goes from page to page", async () => {
    for (const account of ["pages-a", "pages-b", "pages-c"]) await edge.createKey(account, 0);
    const page = await list<LedgerItem>("ledgers?limit=2&after=pages-");
    expect(page.data.map(({ account }) => account)).toEqual(["pages-a", "pages-b"]);
    expect(page.has_more).toBe(true);
    expect((await edge.get(edge.env.ADMIN_SECRET, "/v1/admin/ledgers?limit=0")).status).toBe(400);
  });
});

describe("GET /v1/admin/backends", () => {
  test("states what each backend answers now, and names no credential of its proxy", async () => {
    edge = new TestEdge(
      {
        GPU_BACKENDS: [
          {
            url: "https://user:secret@gpu-1.test",
            region: "weur",
            standby: false,
            headers: { "modal-key": "proxy-secret" },
          },
          { url: "https://gpu-2.test", standby: true, headers: {} },
        ],
      },
      async (url) => {
        if (url.includes("gpu-2")) throw new TypeError("away");
        return Response.json(edge.backend.health, { headers: { "x-wuerstchen-backlog-ms": "1250" } });
      },
    );
    const models = [{ model: "tiny", revision: "another", warm: false }];
    edge.backend.health = { ...Object(edge.backend.health), tasks: { waiting: 3, running: 2 }, models };
    const { data } = await list<BackendItem>("backends");
    expect(data).toMatchObject([
      {
        object: "backend",
        host: "gpu-1.test",
        region: "weur",
        standby: false,
        status: "other_model",
        models: [{ id: "tiny", revision: "another", warm: false }],
        tasks_waiting: 3,
        tasks_running: 2,
        backlog_ms: 1_250,
      },
      { host: "gpu-2.test", standby: true, status: "unreachable", revision: null, tasks_waiting: null },
    ]);
    expect(JSON.stringify(data)).not.toContain("secret");
  });

  test("tells a backend with another bundle from one that is away", async () => {
    edge.backend.health = { ...Object(edge.backend.health), revision: "another" };
    const other = { status: "other_model", revision: "another", models: [] };
    expect((await list<BackendItem>("backends")).data).toMatchObject([other]);
  });
});

describe("GET /v1/admin/spend", () => {
  const spend = async (days: string) => edge.get(edge.env.ADMIN_SECRET, `/v1/admin/spend?days=${days}`);

  test("ranks accounts and keys by what the last days charged them, and has nothing of their prompts", async () => {
    const dayMs = 86_400_000;
    // Days on which no other test of this file was charged.
    edge.nowMs += 30 * dayMs;
    const charge = (account: string, keyId: string | undefined, microUsd: number, daysAgo = 0) => ({
      id: crypto.randomUUID(),
      account,
      atMs: edge.nowMs - daysAgo * dayMs,
      priceBook: 2,
      ...(keyId !== undefined && { keyId }),
      lines: [
        { kind: "hit" as const, latentId: "a".repeat(64), microUsd, savedMicroUsd: 3, gpuMs: 2 },
        { kind: "decode" as const, latentId: "a".repeat(64), microUsd: 1 },
      ],
    });
    await recordUsage(edge.env.USAGE, [
      charge("little", "key_l", 10),
      charge("much", "key_m1", 400),
      charge("much", "key_m2", 500, 1),
      charge("much", undefined, 7),
      charge("little", "key_l", 9_000, 2),
    ]);
    const answer: SpendAnswer = await (await spend("2")).json();
    const sums = (requests: number, micro_usd: number) => ({
      requests,
      micro_usd,
      saved_micro_usd: 3 * requests,
      gpu_ms: 2 * requests,
    });
    expect(answer).toEqual({
      object: "spend",
      from: new Date(edge.nowMs - dayMs).toISOString().slice(0, 10),
      total_micro_usd: 921,
      accounts: [
        { account: "much", ...sums(3, 910) },
        { account: "little", ...sums(1, 11) },
      ],
      keys: [
        { account: "much", key: "key_m2", ...sums(1, 501) },
        { account: "much", key: "key_m1", ...sums(1, 401) },
        { account: "little", key: "key_l", ...sums(1, 11) },
      ],
    });
    expect(await (await spend("3")).json()).toMatchObject({ accounts: [{ account: "little" }, { account: "much" }] });
    expect((await spend("0")).status).toBe(400);
    edge.nowMs -= 30 * dayMs;
  });
});
