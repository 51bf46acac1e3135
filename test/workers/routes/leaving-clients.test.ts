import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const made = 18;
const hit = 18;
const decode = 3;
const generated = made + decode;

async function newAccount(account: string) {
  const key = await edge.createKey(account, 1_000);
  return { key, balances: () => edge.ledger(account).balances() };
}

function post(key: string, body: object, signal: AbortSignal, extra: Record<string, string> = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", ...extra };
  const init = { method: "POST", headers, body: JSON.stringify(body), signal };
  return edge.fetch("/v1/images/generations", init);
}

test("work that a client left alone is stopped at the backend, and costs nothing", async () => {
  const { key, balances } = await newAccount("left-alone");
  const { reached, release } = backend.hold();
  const client = new AbortController();
  const answer = post(key, { prompt: "apple" }, client.signal);
  await reached;
  client.abort();
  expect((await answer).status).toBe(409);
  release();
  expect(backend.cancelled).toHaveLength(1);
  expect(backend.jobs).toHaveLength(0);
  expect(await balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
});

test("the first client leaving cancels nothing for the others, of whom the next pays for the run", async () => {
  const { key, balances } = await newAccount("left-others");
  const cancellations = backend.cancelled.length;
  const { reached, release } = backend.hold();
  const client = new AbortController();
  const body = { prompt: "apple", seed: 4 };
  const left = post(key, body, client.signal);
  await reached;
  const others = [edge.generate(key, body), edge.generate(key, body)];
  // Both have reserved by now, and a moment later wait at the same object.
  while ((await balances()).held < 3 * generated) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
  client.abort();
  expect((await left).status).toBe(409);
  release();
  const tiers = (await Promise.all(others)).map(({ data }) => data[0]?.tier).toSorted();
  expect(tiers).toEqual(["generated", "image"]);
  expect(backend.cancelled.length).toBe(cancellations);
  expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
});

test("latents that were stored before the client left are charged, and a repeat of the request pays for the rest alone", async () => {
  const { key, balances } = await newAccount("left-late");
  const client = new AbortController();
  const { reached, release } = backend.hold("/decode");
  const headers = { "idempotency-key": "left-late" };
  const answer = post(key, { prompt: "apple", seed: 5 }, client.signal, headers);
  await reached;
  client.abort();
  expect((await answer).status).toBe(409);
  release();
  expect(await balances()).toMatchObject({ held: 0, spent: made });
  await edge.post(key, { prompt: "apple", seed: 5 }, headers);
  expect(await balances()).toMatchObject({ held: 0, spent: made + decode });
  await runInDurableObject(ledgerStub("left-late"), (_, { storage }) => {
    expect(sumEntries(storage.sql)).toMatchObject({ held: 0, spent: made + decode });
  });
});
