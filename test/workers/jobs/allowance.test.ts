import { expect, test } from "vitest";
import { createAccounts } from "../../../workers/account/client.ts";
import { actor } from "../support/account-book.ts";
import { JobClient } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const generated = 21;

const batch = (count: number) => ({
  requests: Array.from({ length: count }, (_, seed) => ({ prompt: "apple", seed })),
});

test("a job that its key's budget does not cover is refused with 402 before it exists", async () => {
  const key = await edge.createKey("job-budget", 10_000, { budget_micro_usd_per_day: 3 * generated });
  const jobs = new JobClient(edge, key);
  const refused = await jobs.put("dear", batch(4));
  expect(refused.status).toBe(402);
  expect(await refused.json()).toMatchObject({ error: { code: "key_budget_exceeded" } });
  await jobs.create("cheap", batch(3));
  expect(await jobs.ended("cheap")).toMatchObject({ state: "succeeded" });
  expect((await jobs.put("one more", batch(1))).status).toBe(400);
  expect((await jobs.put("one-more", { requests: [{ prompt: "dog", seed: 1 }] })).status).toBe(402);
});

test("a key that is revoked in the middle of its job pays for nothing after that", async () => {
  const key = await edge.createKey("job-revoked", 10_000);
  const jobs = new JobClient(edge, key);
  const { reached, release } = backend.hold();
  await jobs.create("revoked", batch(20));
  await reached;
  const account = createAccounts(edge.env.ACCOUNT_LEDGERS).of("job-revoked");
  for (const { id } of await account.keys()) await account.revokeKey(id, actor);
  release();
  const own = new JobClient(edge, await newKey("job-revoked"));
  const job = await own.ended("revoked");
  expect(job.state).toBe("partial");
  expect(job.results.data.at(-1)).toMatchObject({ error: { code: "invalid_api_key" } });
  const { held, spent } = await edge.ledger("job-revoked").balances();
  expect({ held, spent }).toEqual({ held: 0, spent: job.progress.succeeded * generated });
});

test("a key without the scope of jobs opens none of their routes", async () => {
  const jobs = new JobClient(edge, await edge.createKey("job-scope", 10_000, { scopes: ["generate"] }));
  expect((await jobs.put("any", batch(1))).status).toBe(403);
  expect((await jobs.send("GET", "")).status).toBe(403);
});

/** Another key of an account. */
async function newKey(account: string): Promise<string> {
  const { key } = await (await edge.admin("POST", `${account}/keys`, {})).json<{ readonly key: string }>();
  return key;
}
