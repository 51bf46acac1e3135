import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { JobClient } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle. */
const generation = 17;
const made = generation + 1;
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

describe("a client that leaves in the middle of a run", () => {
  /** The compressor's run, and its latent's storage. */
  const encoded = 2;
  /** Half of so many steps. */
  const halfOf = (steps: number) => Math.ceil(Math.ceil((steps * 16 * 175) / 1_000) / 2);
  const half = halfOf(6);
  const halfDecode = Math.ceil(decode / 2);
  const json = (body: object) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const picture = () => {
    const form = new FormData();
    form.append("image", new File(["cat"], "image.png"));
    form.append("prompt", "apple");
    return { body: form };
  };

  beforeEach(() => {
    backend.doneShare = 0.5;
  });

  async function leave(account: string, path: string, init: RequestInit, held = "/stage-c"): Promise<void> {
    const key = await edge.createKey(account, 1_000);
    const { reached, release } = backend.hold(held);
    const client = new AbortController();
    const headers = { authorization: `Bearer ${key}`, ...init.headers };
    const answer = edge.fetch(path, { ...init, method: "POST", headers, signal: client.signal });
    await reached;
    client.abort();
    await answer;
    release();
  }

  test.each([
    ["generation", "/v1/images/generations", json({ prompt: "apple" }), half],
    ["generation of three pictures", "/v1/images/generations", json({ prompt: "apple", n: 3 }), 3 * half],
    ["generation as a stream", "/v1/images/generations", json({ prompt: "apple", stream: true }), half],
    ["Hugging Face request", `/hf/models/${manifest.id}`, json({ inputs: "apple" }), half],
    ["edit, beside the compressor", "/v1/images/edits", picture(), encoded + halfOf(5)],
    ["variation, beside the compressor", "/v1/images/variations", picture(), encoded + halfOf(3)],
  ])("pays for the steps that had run: %s", async (name, path, init, expected) => {
    const account = `left-halfway-${name.replaceAll(/\W/gu, "-").toLowerCase()}`;
    await leave(account, path, init);
    await expect.poll(() => edge.ledger(account).balances()).toMatchObject({ held: 0, spent: expected });
  });

  test("pays for the latent and the part of the decode that had run, when it leaves during the decode", async () => {
    await leave("left-decoding", "/v1/images/generations", json({ prompt: "apple" }), "/decode");
    expect(await edge.ledger("left-decoding").balances()).toMatchObject({ held: 0, spent: made + halfDecode });
  });

  test("pays nothing when nothing had run", async () => {
    backend.doneShare = 0;
    await leave("left-early", "/v1/images/generations", json({ prompt: "apple", n: 3 }));
    expect(await edge.ledger("left-early").balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
  });

  test("pays for the whole picture when it repeats its request, since no step of before is of use", async () => {
    const headers = { "idempotency-key": "halfway" };
    const init = json({ prompt: "apple", seed: 6 });
    await leave("left-and-back", "/v1/images/generations", { ...init, headers: { ...init.headers, ...headers } });
    const key = await edge.createKey("left-and-back", 0);
    const answer = await edge.post(key, { prompt: "apple", seed: 6 }, headers);
    expect(answer.headers.get("x-wuerstchen-cost-micro-usd")).toBe(String(generated));
    expect(await edge.ledger("left-and-back").balances()).toMatchObject({ held: 0, spent: half + generated });
  });

  test("pays again for what its repeat makes again, because its latents were deleted meanwhile", async () => {
    const headers = { "idempotency-key": "deleted" };
    const init = json({ prompt: "apple", seed: 7 });
    const withKey = { ...init, headers: { ...init.headers, ...headers } };
    await leave("left-deleted", "/v1/images/generations", withKey, "/decode");
    const key = await edge.createKey("left-deleted", 0, { scopes: ["generate", "latents"] });
    const [latentId] = await latentIds("left-deleted");
    const authorization = `Bearer ${key}`;
    await edge.fetch(`/v1/latents/${latentId}`, { method: "DELETE", headers: { authorization } });
    await edge.post(key, { prompt: "apple", seed: 7 }, headers);
    const { spent } = await edge.ledger("left-deleted").balances();
    expect(spent).toBe(made + halfDecode + generated);
  });

  test("of a job, pays for the steps of its requests under way, once it cancels the job", async () => {
    const key = await edge.createKey("left-job", 1_000);
    const { reached, release } = backend.hold("/stage-c");
    const client = new JobClient(edge, key);
    await client.create("left", { requests: [{ prompt: "apple" }, { prompt: "pear" }] });
    await reached;
    await client.cancel("left");
    await client.events("left");
    release();
    const { held, spent } = await edge.ledger("left-job").balances();
    expect(held).toBe(0);
    expect([half, 2 * half]).toContain(spent);
    expect((await client.get("left")).cost.micro_usd).toBe(spent);
  });
});

/** What the account was charged for, by its settled reservations. */
function latentIds(account: string): Promise<string[]> {
  return runInDurableObject(ledgerStub(account), (_, { storage }) => {
    const rows = storage.sql.exec<{ settlement: string }>(
      "SELECT settlement FROM reservations WHERE state = 'settled'",
    );
    const lines = rows.toArray().flatMap(({ settlement }) => JSON.parse(settlement).lines);
    return lines.map(({ latentId }: { readonly latentId: string }) => latentId);
  });
}
