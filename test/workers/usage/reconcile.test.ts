import { createScheduledController, env, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import worker from "../../../workers/index.ts";
import { ledgerStub } from "../support/account-book.ts";
import { TestEdge } from "../support/test-edge.ts";

const settledMs = 6 * 60_000;

let edge: TestEdge;
let account: string;
let key: string;

beforeEach(async () => {
  edge = new TestEdge();
  account = `reconciled-${crypto.randomUUID()}`;
  key = await edge.createKey(account, 1_000);
});

interface Report {
  readonly checked: number;
  readonly repaired: number;
  readonly unrepaired: readonly string[];
}

/** Some minutes later, as the operator has it done. */
async function reconcile(): Promise<Report> {
  const headers = { authorization: `Bearer ${edge.env.ADMIN_SECRET}` };
  const response = await edge.fetch("/v1/admin/reconciliations", { method: "POST", headers });
  expect(response.status).toBe(200);
  return response.json();
}

async function reported(): Promise<number> {
  const query = edge.env.USAGE.prepare("SELECT COALESCE(SUM(micro_usd), 0) AS sum FROM usage WHERE account = ?");
  return (await query.bind(account).first<number>("sum")) ?? 0;
}

const daysQuery = "SELECT SUM(micro_usd) AS spent, SUM(requests) AS requests FROM spend_days WHERE account = ?";

/** Settlements whose events the queue took and then lost, as when its process is killed. */
async function chargeAndLose(count: number): Promise<void> {
  for (let seed = 0; seed < count; seed += 1) await edge.generate(key, { prompt: "apple", seed });
  await runInDurableObject(ledgerStub(account), (_, { storage }) => {
    storage.sql.exec("DELETE FROM outbox");
  });
}

test("settlements whose events were lost are in the usage table afterwards, each once, to the last micro-USD", async () => {
  await chargeAndLose(5);
  const { spent } = await edge.ledger(account).balances();
  expect(await reported()).toBe(0);
  edge.nowMs += settledMs;
  expect(await reconcile()).toMatchObject({ checked: 5, repaired: 5, unrepaired: [] });
  expect(await reported()).toBe(spent);
  expect(await reconcile()).toMatchObject({ checked: 0, repaired: 0 });
  expect(await reported()).toBe(spent);
});

test("a settlement that was written in part only is completed", async () => {
  await chargeAndLose(2);
  edge.nowMs += settledMs;
  await reconcile();
  const { spent } = await edge.ledger(account).balances();
  await edge.env.USAGE.prepare("DELETE FROM usage WHERE account = ? AND line = 1").bind(account).run();
  await edge.env.USAGE.prepare("DELETE FROM reconciliations WHERE account = ?").bind(account).run();
  expect(await reconcile()).toMatchObject({ checked: 2, repaired: 2, unrepaired: [] });
  expect(await reported()).toBe(spent);
});

test("a settlement of which the table says more than the ledger is named, and nothing is taken out", async () => {
  await chargeAndLose(1);
  edge.nowMs += settledMs;
  await reconcile();
  await edge.env.USAGE.prepare("UPDATE usage SET micro_usd = micro_usd + 1 WHERE account = ?").bind(account).run();
  await edge.env.USAGE.prepare("DELETE FROM reconciliations WHERE account = ?").bind(account).run();
  const before = await reported();
  const { unrepaired } = await reconcile();
  expect(unrepaired).toHaveLength(1);
  expect(await reported()).toBe(before);
});

test("settlements that may still be on their way are left alone", async () => {
  await chargeAndLose(1);
  expect(await reconcile()).toMatchObject({ checked: 0 });
});

test("no key of a client's opens it", async () => {
  const headers = { authorization: `Bearer ${key}` };
  const response = await edge.fetch("/v1/admin/reconciliations", { method: "POST", headers });
  expect(response.status).toBe(401);
});

test("a customer's settlement that the meter was never told of is told, once", async () => {
  const told: string[] = [];
  const quiet = new TestEdge();
  const stripe = {
    STRIPE_API_KEY: "sk_test",
    STRIPE_METER_EVENT_NAME: "pictures",
    STRIPE_API_URL: "http://stripe.test:9",
  };
  edge = new TestEdge(stripe, async (url, init) => {
    if (!url.startsWith(stripe.STRIPE_API_URL)) return quiet.backend.fetch(url, init);
    told.push(new URLSearchParams(String(init.body)).get("payload[value]") ?? "");
    return Response.json({ object: "billing.meter_event" });
  });
  await edge.admin("PUT", account, { stripe_customer: "cus_1" });
  await chargeAndLose(1);
  const { spent } = await edge.ledger(account).balances();
  edge.nowMs += settledMs;
  for (let i = 0; i < 2; i += 1) await reconcile();
  expect(told).toEqual([String(spent)]);
});

test("the deployed entry point reconciles by itself when its hour comes", async () => {
  await chargeAndLose(3);
  const { spent } = await edge.ledger(account).balances();
  edge.nowMs += settledMs;
  await worker.scheduled(createScheduledController(), env);
  expect(await reported()).toBe(spent);
});

test("rows that an earlier Worker wrote are added to the days of spending, each once", async () => {
  await chargeAndLose(3);
  const { spent } = await edge.ledger(account).balances();
  edge.nowMs += settledMs;
  await reconcile();
  const days = () => edge.env.USAGE.prepare(daysQuery).bind(account).first();
  const counted = { spent, requests: 3 };
  expect(await days()).toEqual(counted);
  // It knew neither the column nor the table of days.
  await edge.env.USAGE.batch(
    ["UPDATE usage SET in_days = NULL WHERE account = ?", "DELETE FROM spend_days WHERE account = ?"].map((query) =>
      edge.env.USAGE.prepare(query).bind(account),
    ),
  );
  await Promise.all([reconcile(), reconcile()]);
  expect(await days()).toEqual(counted);
});
