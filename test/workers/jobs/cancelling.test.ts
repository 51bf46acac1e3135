import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { JobClient, resultsIn } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const made = 18;
const decoded = 3;
const generated = made + decoded;
const credit = 100_000;

beforeEach(() => {
  backend.behaviour = "works";
});

let accounts = 0;

async function newAccount() {
  accounts += 1;
  const account = `cancelling-${accounts}`;
  const jobs = new JobClient(edge, await edge.createKey(account, credit));
  return { account, jobs, balances: () => edge.ledger(account).balances() };
}

/** The books are whole, nothing is held, and no more was spent than was granted. */
async function expectWholeBooks(account: string, spent: number): Promise<void> {
  await runInDurableObject(ledgerStub(account), async (_, { storage }) => {
    const balances = await edge.ledger(account).balances();
    expect(balances).toEqual({ granted: -credit, available: credit - spent, held: 0, spent });
    expect(balances).toMatchObject(sumEntries(storage.sql));
  });
}

const batch = (count: number, first = 0) => ({
  requests: Array.from({ length: count }, (_, index) => ({ prompt: "apple", seed: first + index })),
});

describe("cancelling a job", () => {
  test("stops what is under way at the backend, ends the rest, and gives all the money back", async () => {
    const { jobs, account } = await newAccount();
    const before = { jobs: backend.jobs.length, cancelled: backend.cancelled.length };
    const { reached, release } = backend.hold();
    await jobs.create("stopped", batch(20));
    await reached;
    expect((await jobs.cancel("stopped")).state).toBe("cancelling");
    const job = await jobs.ended("stopped");
    release();
    expect(job).toMatchObject({ state: "cancelled", progress: { cancelled: 20, queued: 0, running: 0 } });
    expect(job.cost.micro_usd).toBe(0);
    expect(backend.jobs.length).toBe(before.jobs);
    expect(backend.cancelled.length).toBeGreaterThan(before.cancelled);
    await expectWholeBooks(account, 0);
  });

  test("keeps what succeeded by then, and tells each request's end once", async () => {
    const { jobs, account } = await newAccount();
    const works = backend.fetch;
    let decodes = 0;
    globalThis.fetch = async (url, init) => {
      const response = await works(String(url), { ...init });
      if (String(url).includes("/decode")) decodes += 1;
      if (decodes === 3) await jobs.cancel("half");
      return response;
    };
    await jobs.create("half", batch(30));
    const results = resultsIn(await jobs.events("half"));
    globalThis.fetch = (url, init) => works(String(url), { ...init });
    expect(results.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(batch(30).requests.map((_, i) => i));
    const job = await jobs.get("half");
    const { succeeded, cancelled } = job.progress;
    expect(job.state).toBe("cancelled");
    expect([succeeded > 0, cancelled > 0, succeeded + cancelled]).toEqual([true, true, 30]);
    expect(job.results.data.filter(({ data }) => data !== undefined)).toHaveLength(succeeded);
    await expectWholeBooks(account, job.cost.micro_usd);
  });

  test("charges the latents that were stored by then, which are there to be fetched", async () => {
    const { jobs, account } = await newAccount();
    const { reached, release } = backend.hold("/decode");
    await jobs.create("latent", batch(1));
    await reached;
    await jobs.cancel("latent");
    expect(await jobs.ended("latent")).toMatchObject({ state: "cancelled", cost: { micro_usd: made } });
    release();
    await expectWholeBooks(account, made);
  });

  test("twice, or when it has ended, changes nothing", async () => {
    const { jobs, account } = await newAccount();
    await jobs.create("over", batch(2));
    const ended = await jobs.ended("over");
    expect(await jobs.cancel("over")).toMatchObject({ state: "succeeded", ended: ended.ended });
    await expectWholeBooks(account, 2 * generated);
  });

  test("then deleting and creating it again makes a new job that runs", async () => {
    const { jobs, account } = await newAccount();
    const { reached, release } = backend.hold();
    await jobs.create("again", batch(3));
    await reached;
    expect((await jobs.send("DELETE", "/again")).status).toBe(409);
    await jobs.cancel("again");
    await jobs.ended("again");
    release();
    expect((await jobs.send("DELETE", "/again")).status).toBe(204);
    expect((await jobs.send("GET", "/again")).status).toBe(404);
    await jobs.create("again", batch(2));
    expect(await jobs.ended("again")).toMatchObject({ state: "succeeded" });
    await expectWholeBooks(account, 2 * generated);
  });

  test("at twelve random points leaves whole books: what was charged is what there is, to the micro-dollar", async () => {
    const { jobs, account, balances } = await newAccount();
    let [spent, before] = [0, 0];
    for (let round = 0; round < 12; round += 1) {
      const id = `random-${round}`;
      const works = backend.fetch;
      const cancelAt = Math.floor(Math.random() * 24);
      let calls = 0;
      globalThis.fetch = async (url, init) => {
        calls += 1;
        if (calls === cancelAt) await jobs.cancel(id);
        return works(String(url), { ...init });
      };
      await jobs.create(id, batch(10, 100 * (round + 1)));
      const job = await jobs.ended(id);
      globalThis.fetch = (url, init) => works(String(url), { ...init });
      const stored = await storedLatents(account);
      expect(job.cost.micro_usd).toBe((stored - before) * made + job.progress.succeeded * decoded);
      before = stored;
      spent += job.cost.micro_usd;
      expect(await balances()).toMatchObject({ held: 0, spent });
    }
    await expectWholeBooks(account, spent);
  });
});

/** How many latents the account has. */
async function storedLatents(account: string, cursor?: string): Promise<number> {
  const page = await edge.env.LATENTS.list({
    include: ["customMetadata"],
    ...(cursor === undefined ? {} : { cursor }),
  });
  const own = page.objects.filter(({ customMetadata }) => customMetadata?.["account"] === account).length;
  return page.truncated ? own + (await storedLatents(account, page.cursor)) : own;
}
