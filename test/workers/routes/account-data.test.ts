import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Erasure, ReceiptList } from "../../../shared/api/account-data.ts";
import type { LatentList } from "../../../shared/api/latent-list.ts";
import type { UsageList } from "../../../shared/api/usage.ts";
import { recordUsage } from "../../../workers/usage/usage-table.ts";
import { JobClient } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

/** Any line of an export: what a test looks for depends on its `object`. */
type Line = Readonly<Record<string, unknown>> & { readonly object: string };

async function exportOf(key: string): Promise<readonly Line[]> {
  const response = await edge.get(key, "/v1/account/export");
  expect(response.headers.get("content-type")).toContain("application/x-ndjson");
  const text = new TextDecoder().decode(await response.arrayBuffer());
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

async function erase(key: string): Promise<Erasure> {
  const response = await edge.fetch("/v1/account/data", {
    method: "DELETE",
    headers: { authorization: `Bearer ${key}` },
  });
  expect(response.status).toBe(200);
  return response.json();
}

/** Deletes what the account gave up. */
async function runAlarm(account: string): Promise<void> {
  const { ACCOUNT_LEDGERS } = env as unknown as { readonly ACCOUNT_LEDGERS: DurableObjectNamespace };
  await runDurableObjectAlarm(ACCOUNT_LEDGERS.getByName(account));
}

const spentOf = async (account: string) => (await edge.ledger(account).balances()).spent;

async function usageOf(key: string): Promise<UsageList["data"]> {
  return (await (await edge.get(key, "/v1/usage")).json<UsageList>()).data;
}

/** An account that has made two pictures and a job, all of it in the usage table. */
async function busyAccount(account: string): Promise<string> {
  const key = await edge.createKey(account);
  await edge.generate(key, { prompt: "a red apple", seed: 1 });
  await edge.generate(key, { prompt: "a red apple", seed: 2 });
  await new JobClient(edge, key).create("cups", { requests: [{ prompt: "a blue cup", seed: 3 }] });
  await new JobClient(edge, key).ended("cups");
  // What the queue brings within seconds, and may bring again.
  const page = { afterEntry: 0, untilMs: edge.nowMs, limit: 100 };
  const settled = await edge.ledger(account).settledEntries(page);
  await recordUsage(
    edge.env.USAGE,
    settled.flatMap(({ event }) => event ?? []),
  );
  return key;
}

describe("GET /v1/account/export", () => {
  test("streams all of the account, whose figures add up, and no prompt, key or secret", async () => {
    const key = await busyAccount("exported");
    const lines = await exportOf(key);
    const of = (object: string) => lines.filter((line) => line.object === object);
    const sum = (found: readonly Line[], field: string) => found.reduce((all, line) => all + Number(line[field]), 0);
    expect(lines[0]).toMatchObject({ object: "export", account: "exported" });
    expect(of("balance")).toMatchObject([{ spent_micro_usd: await spentOf("exported") }]);
    expect(of("key")).toHaveLength(1);
    expect(sum(of("entry"), "micro_usd")).toBe(0);
    expect(sum(of("charge"), "micro_usd")).toBe(await spentOf("exported"));
    expect(of("latent").map(({ seed }) => seed)).toEqual([3, 2, 1]);
    expect(of("job")).toMatchObject([{ id: "cups", state: "succeeded" }]);
    expect(lines.at(-1)).toEqual({ object: "export.end", lines: lines.length - 1 });
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`apple|cup\\b|${key}|sha256|whsec`, "u"));
  });

  test("has nothing of another account", async () => {
    await busyAccount("neighbour");
    const lines = await exportOf(await edge.createKey("empty", 0));
    expect(lines.map(({ object }) => object)).toEqual(["export", "account", "balance", "key", "export.end"]);
  });

  test.each(["read", "latents", "jobs"])("needs the scope %s, and so does erasing", async (missing) => {
    const scopes = ["read", "latents", "jobs"].filter((scope) => scope !== missing);
    const key = await edge.createKey(undefined, 0, { scopes });
    for (const [method, path] of [
      ["GET", "/v1/account/export"],
      ["DELETE", "/v1/account/data"],
    ] as const) {
      const response = await edge.fetch(path, { method, headers: { authorization: `Bearer ${key}` } });
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ error: { code: "insufficient_scope" } });
    }
  });
});

describe("DELETE /v1/account/data", () => {
  test("erases latents, jobs and what charges were for; the money stays, and so does what others have", async () => {
    const key = await busyAccount("erased");
    const other = await busyAccount("kept");
    const stored = async () => (await edge.env.LATENTS.list()).objects.length;
    const before = {
      stored: await stored(),
      usage: await usageOf(key),
      balances: await edge.ledger("erased").balances(),
    };
    const ids = (await (await edge.get(key, "/v1/latents")).json<LatentList>()).data.map(({ id }) => id);

    expect(await erase(key)).toMatchObject({ object: "erasure", complete: true, latents: 3, jobs: 1 });
    await runAlarm("erased");
    expect(await stored()).toBe(before.stored - 3);
    expect((await (await edge.get(key, "/v1/latents")).json<LatentList>()).data).toEqual([]);
    expect(await (await edge.get(key, "/v1/jobs")).json()).toMatchObject({ data: [] });
    expect((await edge.get(key, "/v1/jobs/cups")).status).toBe(404);
    expect(await edge.ledger("erased").balances()).toEqual(before.balances);
    expect(await usageOf(key)).toEqual(before.usage);

    const lines = await exportOf(key);
    expect(lines.filter(({ object }) => object === "charge")).not.toEqual([]);
    for (const id of ids) expect(JSON.stringify(lines)).not.toContain(id);
    const days = "SELECT key_id, SUM(micro_usd) AS spent FROM spend_days WHERE account = 'erased' GROUP BY key_id";
    const { results } = await edge.env.USAGE.prepare(days).all();
    expect(results).toEqual([{ key_id: "", spent: before.balances.spent }]);
    // The hourly comparison with the ledger finds every amount, so it restores nothing.
    edge.nowMs += 10 * 60_000;
    const reconciled = await edge.services.reconcile();
    edge.nowMs -= 10 * 60_000;
    expect(reconciled).toMatchObject({ repaired: 0, unrepaired: [] });
    expect(await exportOf(other)).toContainEqual(expect.objectContaining({ object: "job", id: "cups" }));
    const audit = await (await edge.admin("GET", "erased/audit")).json<{ readonly data: readonly object[] }>();
    expect(audit.data).toContainEqual(expect.objectContaining({ action: "data.erased", subject: "erased" }));
    expect(await erase(key)).toMatchObject({ complete: true, latents: 0, jobs: 0, charges: 0 });
  });

  test("keeps a latent that is made again before the store has deleted the former", async () => {
    const key = await edge.createKey("again");
    const { data } = await edge.generate(key, { prompt: "a red apple", seed: 1 });
    await erase(key);
    await edge.generate(key, { prompt: "a red apple", seed: 1 });
    await runAlarm("again");
    expect((await edge.get(key, `/v1/latents/${data[0]?.latent_id}`)).status).toBe(200);
  });

  test("stops a job that has not ended, and says that something is left until it has", {
    timeout: 40_000,
  }, async () => {
    const key = await edge.createKey("stopping");
    const jobs = new JobClient(edge, key);
    await jobs.create("long", { requests: Array.from({ length: 20 }, (_, seed) => ({ prompt: "a blue cup", seed })) });
    const first = await erase(key);
    await expect.poll(async () => first.complete || (await erase(key)).complete, { timeout: 30_000 }).toBe(true);
    expect(await (await edge.get(key, "/v1/jobs")).json()).toMatchObject({ data: [] });
    expect(await edge.ledger("stopping").balances()).toMatchObject({ held: 0 });
  });
});

describe("GET /v1/receipts", () => {
  test("lists what was credited and taken back, newest first, as JSON and as CSV", async () => {
    const key = await edge.createKey("receipts", 500);
    const actor = { name: "stripe", requestId: "r" };
    await edge.ledger("receipts").grant({ grantId: "pi_1", microUsd: 2_000, actor });
    await edge.ledger("receipts").reverse({ kind: "refunded", grantId: "pi_1", refundedMicroUsd: 1_500, actor });
    await edge.generate(key, { prompt: "a red apple", seed: 1 });
    const { data } = await (await edge.get(key, "/v1/receipts")).json<ReceiptList>();
    expect(data.map(({ kind, reference, micro_usd }) => [kind, reference, micro_usd])).toEqual([
      ["reversal", null, -1_500],
      ["credit", "pi_1", 2_000],
      ["credit", "first", 500],
    ]);
    const page = await edge.get(key, "/v1/receipts?format=csv&limit=2");
    const [names, ...rows] = (await page.text()).trimEnd().split("\r\n");
    expect(names).toBe("created,kind,reference,micro_usd,id");
    expect(rows).toHaveLength(2);
    const next = /<([^>]+)>/u.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    const last = await (await edge.get(key, next)).text();
    expect(last).toContain(",credit,first,500,");
  });
});
