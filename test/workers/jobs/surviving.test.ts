import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { JobClient, resultsIn } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const generated = 21;
const dayMs = 24 * 3_600_000;

const { ASYNC_JOBS } = env as unknown as { readonly ASYNC_JOBS: DurableObjectNamespace };

beforeEach(() => {
  backend.behaviour = "works";
});

let accounts = 0;

async function newAccount() {
  accounts += 1;
  const account = `surviving-${accounts}`;
  const key = await edge.createKey(account, 100_000);
  const jobs = new JobClient(edge, key);
  const stub = (id: string) => ASYNC_JOBS.getByName(`${account}/${id}`);
  return { account, key, jobs, stub, balances: () => edge.ledger(account).balances() };
}

const batch = (count: number) => ({
  requests: Array.from({ length: count }, (_, seed) => ({ prompt: "apple", seed })),
});

/** Ends an object in the middle of whatever it does, as a deployment or a crash would; its storage stays. */
async function kill(stub: DurableObjectStub): Promise<void> {
  const ended = runInDurableObject(stub, (_, state) => state.abort("ended by the test"));
  await ended.catch(() => undefined);
}

/** Pretends that a job was created so long ago. */
async function age(stub: DurableObjectStub, ms: number): Promise<void> {
  await runInDurableObject(stub, async (_, { storage }) => {
    const { spec } = storage.sql.exec<{ spec: string }>("SELECT spec FROM job").one();
    const parsed = JSON.parse(spec);
    const older = JSON.stringify({ ...parsed, createdMs: parsed.createdMs - ms });
    storage.sql.exec("UPDATE job SET spec = ?, ended_ms = ended_ms - ?", older, ms);
    await storage.setAlarm(Date.now() + dayMs);
  });
  await runDurableObjectAlarm(stub);
}

describe("a job whose object ends in the middle", () => {
  test("is finished by the next one: every request is done and charged once", async () => {
    const { jobs, account, stub, balances } = await newAccount();
    const { reached, release } = backend.hold();
    await jobs.create("killed", batch(10));
    await reached;
    await kill(stub("killed"));
    release();
    await runDurableObjectAlarm(stub("killed"));
    const job = await jobs.ended("killed");
    expect(job).toMatchObject({ state: "succeeded", progress: { succeeded: 10 } });
    expect(job.cost.micro_usd).toBe(10 * generated);
    await runInDurableObject(ledgerStub(account), async (_, { storage }) => {
      expect(await balances()).toMatchObject({ held: 0, spent: 10 * generated, ...sumEntries(storage.sql) });
    });
  });

  test("again and again is finished all the same, and its events miss nothing and repeat nothing", async () => {
    const { jobs, stub, balances } = await newAccount();
    await jobs.create("unlucky", batch(12));
    for (let round = 0; round < 4; round += 1) {
      const { reached, release } = backend.hold("/decode");
      await Promise.race([reached, jobs.events("unlucky").catch(() => [])]);
      await kill(stub("unlucky"));
      release();
      await runDurableObjectAlarm(stub("unlucky"));
    }
    const results = resultsIn(await jobs.events("unlucky"));
    expect(results.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(batch(12).requests.map((_, i) => i));
    expect(new Set(results.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
    expect(await balances()).toMatchObject({ held: 0 });
    expect((await balances()).spent).toBeLessThanOrEqual(12 * generated);
  });

  test("after it was cancelled is ended by the next one, and its money is back", async () => {
    const { jobs, stub, balances } = await newAccount();
    const { reached, release } = backend.hold();
    await jobs.create("cancelled", batch(10));
    await reached;
    await runInDurableObject(stub("cancelled"), (_, { storage }) => {
      storage.sql.exec("UPDATE job SET state = 'cancelling'");
    });
    await kill(stub("cancelled"));
    release();
    await runDurableObjectAlarm(stub("cancelled"));
    expect(await jobs.ended("cancelled")).toMatchObject({ state: "cancelled" });
    expect(await balances()).toMatchObject({ held: 0 });
  });
});

describe("jobs of one account", () => {
  test("take turns, four at once, and tell how many are before them", async () => {
    const { jobs } = await newAccount();
    const { reached, release } = backend.hold();
    const ids = Array.from({ length: 6 }, (_, index) => `turn-${index}`);
    for (const id of ids) await jobs.create(id, batch(1));
    await reached;
    const waiting = await Promise.all(ids.slice(4).map((id) => jobs.get(id)));
    expect(waiting.map(({ state, queue_position }) => [state, queue_position])).toEqual([
      ["queued", 1],
      ["queued", 2],
    ]);
    release();
    const ended = await Promise.all(ids.map((id) => jobs.ended(id)));
    expect(new Set(ended.map(({ state }) => state))).toEqual(new Set(["succeeded"]));
  });
});

describe("time", () => {
  test("of a day ends a job that has not ended itself, and gives its money back", async () => {
    const { jobs, stub, balances } = await newAccount();
    backend.behaviour = "unreachable";
    await jobs.create("late", batch(8));
    await age(stub("late"), dayMs);
    const job = await jobs.ended("late");
    expect(job).toMatchObject({ state: "failed", progress: { failed: 8 } });
    expect(job.results.data[0]).toMatchObject({ error: { code: "deadline_exceeded" } });
    expect(await balances()).toMatchObject({ held: 0, spent: 0 });
  });

  test("of a week after its end deletes a job wholly, from the list too", async () => {
    const { jobs, stub } = await newAccount();
    await jobs.create("old", batch(1));
    await jobs.ended("old");
    await age(stub("old"), 7 * dayMs);
    expect((await jobs.send("GET", "/old")).status).toBe(404);
    expect(await (await jobs.send("GET", "")).json()).toMatchObject({ data: [] });
    await runInDurableObject(stub("old"), async (_, { storage }) => {
      expect(await storage.getAlarm()).toBeNull();
    });
  });
});

test("10,000 requests are one job: created at once, cancelled at once, and nothing is charged", async () => {
  const { jobs, balances } = await newAccount();
  await edge.ledger(`surviving-${accounts}`).grant({
    grantId: "much",
    microUsd: 1_000_000,
    actor: { name: "test", requestId: "req_test" },
  });
  const { reached, release } = backend.hold();
  const created = await jobs.create("many", batch(10_000));
  expect(created.cost.ceiling_micro_usd).toBe(10_000 * generated);
  await reached;
  await jobs.cancel("many");
  const events = await jobs.events("many");
  release();
  expect(resultsIn(events)).toHaveLength(10_000);
  const last = await jobs.get("many", "?limit=1000&cursor=8999");
  expect(last.progress.cancelled).toBe(10_000);
  expect(last.results.data.at(-1)).toEqual({ index: 9_999, custom_id: null, state: "cancelled" });
  expect(await balances()).toMatchObject({ held: 0, spent: 0 });
});
