import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { firstBase64, firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for 6 steps on a latent of 4×4 and 64×64 pixels. */
const generated = 17 + 1 + 3;
const hit = 18;

beforeEach(() => {
  backend.behaviour = "works";
});

let accounts = 0;

/** A new account with so much credit. */
async function newAccount(creditMicroUsd: number) {
  accounts += 1;
  const account = `charged-${accounts}`;
  const key = await edge.createKey(account, creditMicroUsd);
  return { account, key, balances: () => edge.ledger(account).balances() };
}

describe("a picture", () => {
  test("costs its generation once, then the price of a hit, and the answer says so", async () => {
    const { key, balances } = await newAccount(1_000);
    const first = await edge.generate(key, { prompt: "apple", seed: 1 });
    expect(first.usage.cost).toEqual({ currency: "usd", micro_usd: generated, price_book: 2 });
    expect(first.usage.pictures[0]?.micro_usd).toBe(generated);
    const second = await edge.generate(key, { prompt: "apple", seed: 1 });
    expect(second.usage.cost.micro_usd).toBe(hit);
    expect(await balances()).toMatchObject({ available: 1_000 - generated - hit, held: 0, spent: generated + hit });
  });

  test("in another format costs a hit and a decode", async () => {
    const { key } = await newAccount(1_000);
    await edge.generate(key, { prompt: "apple", seed: 1 });
    const webp = await edge.generate(key, { prompt: "apple", seed: 1, output_format: "webp" });
    expect(webp.usage.cost.micro_usd).toBe(hit + 3);
  });

  test("that many ask for at once is charged to the first as made, and to the others as a hit", async () => {
    const { account, key, balances } = await newAccount(100_000);
    const callers = 50;
    const answers = await Promise.all(
      Array.from({ length: callers }, () => edge.generate(key, { prompt: "apple", seed: 2 })),
    );
    const expected = generated + (callers - 1) * hit;
    expect(answers.reduce((sum, { usage }) => sum + usage.cost.micro_usd, 0)).toBe(expected);
    expect(await balances()).toMatchObject({ held: 0, spent: expected });
    await runInDurableObject(ledgerStub(account), (_, { storage }) => {
      expect(sumEntries(storage.sql)).toMatchObject({ held: 0, spent: expected });
    });
  });
});

describe("an account without enough credit", () => {
  test("is refused with 402 before the backend is woken, in OpenAI's envelope", async () => {
    const { key, balances } = await newAccount(generated - 1);
    const calls = backend.transcript.length;
    const response = await edge.post(key, { prompt: "apple" });
    expect(response.status).toBe(402);
    expect(await response.json()).toMatchObject({
      error: { code: "insufficient_quota", type: "insufficient_quota", param: null },
    });
    expect(backend.transcript.length).toBe(calls);
    expect(await balances()).toMatchObject({ available: generated - 1, held: 0 });
  });

  test("that was never granted any is refused too", async () => {
    const { key } = await newAccount(0);
    expect((await edge.post(key, { prompt: "apple" })).status).toBe(402);
  });

  test("that has credit for 30 pictures gets exactly 30 of 50 that are asked for at once", async () => {
    const { key, balances } = await newAccount(30 * generated);
    const request = () => edge.post(key, { prompt: "apple", reuse: "fresh" });
    const responses = await Promise.all(Array.from({ length: 50 }, request));
    const count = (status: number) => responses.filter((response) => response.status === status).length;
    expect({ delivered: count(200), refused: count(402) }).toEqual({ delivered: 30, refused: 20 });
    expect(await balances()).toMatchObject({ available: 0, held: 0, spent: 30 * generated });
  });
});

describe("a request that fails", () => {
  const broken = () => Response.json({}, { status: 500 });

  test.each([
    ["in its body", { prompt: "" }, "works" as const],
    ["on a backend that fails", { prompt: "apple" }, broken],
    ["on a backend that is away", { prompt: "apple" }, "unreachable" as const],
  ])("%s costs nothing", async (_, body, behaviour) => {
    const { key, balances } = await newAccount(1_000);
    backend.behaviour = behaviour;
    expect((await edge.post(key, body)).status).toBeGreaterThanOrEqual(400);
    expect(await balances()).toEqual({ granted: -1_000, available: 1_000, held: 0, spent: 0 });
  });

  test("in its decode costs nothing, although its latent was made", async () => {
    const { key, balances } = await newAccount(1_000);
    backend.failsDecodes = true;
    expect((await edge.post(key, { prompt: "apple", seed: 3 })).status).toBe(502);
    backend.failsDecodes = false;
    expect(await balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
    const again = await edge.generate(key, { prompt: "apple", seed: 3 });
    expect(again.usage.cost.micro_usd).toBe(hit + 3);
  });
});

describe("a request that is sent again", () => {
  const body = { prompt: "apple", reuse: "fresh" };

  test("with its Idempotency-Key gives the same picture and is charged once", async () => {
    const { key, balances } = await newAccount(1_000);
    const headers = { "idempotency-key": "order-1" };
    const first = await edge.post(key, body, headers);
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    const second = await edge.post(key, body, headers);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    const [a, b] = [await first.json<never>(), await second.json<never>()];
    expect(firstBase64(b)).toBe(firstBase64(a));
    expect(firstPicture(b).seed).toBe(firstPicture(a).seed);
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });

  test("many times at once under one key is charged once", async () => {
    const { key, balances } = await newAccount(1_000);
    const headers = { "idempotency-key": "order-2" };
    const responses = await Promise.all(Array.from({ length: 10 }, () => edge.post(key, body, headers)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });

  test("with a key that stands for another body is refused with 422", async () => {
    const { key } = await newAccount(1_000);
    const headers = { "idempotency-key": "order-3" };
    await edge.post(key, body, headers);
    const response = await edge.post(key, { ...body, prompt: "dog" }, headers);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: { code: "idempotency_key_reused" } });
  });

  test("by OpenAI's client, which sends no key but counts, is charged once", async () => {
    const { key, balances } = await newAccount(1_000);
    const first = await edge.post(key, body, { "x-stainless-retry-count": "0" });
    const second = await edge.post(key, body, { "x-stainless-retry-count": "1" });
    expect(firstPicture(await second.json<never>()).seed).toBe(firstPicture(await first.json<never>()).seed);
    expect(await balances()).toMatchObject({ spent: generated });
  });

  test("without either is another request, charged again", async () => {
    const { key, balances } = await newAccount(1_000);
    await edge.generate(key, body);
    await edge.generate(key, body);
    expect(await balances()).toMatchObject({ spent: 2 * generated });
  });

  test("after a failure is done now, under the same key", async () => {
    const { key, balances } = await newAccount(1_000);
    const headers = { "idempotency-key": "order-4" };
    backend.behaviour = "unreachable";
    expect((await edge.post(key, body, headers)).status).toBe(502);
    backend.behaviour = "works";
    expect((await edge.post(key, body, headers)).status).toBe(200);
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });

  test.each(["", "a b", "ä", "x".repeat(256)])("with a key that no client means (%j) is refused", async (key) => {
    const account = await newAccount(1_000);
    const headers = new Headers({ authorization: `Bearer ${account.key}`, "content-type": "application/json" });
    headers.set("idempotency-key", key);
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    expect((await edge.fetch("/v1/images/generations", init)).status).toBe(400);
  });
});

describe("the ledger's alarm", () => {
  test("hands all events to the queue, after which none is left", async () => {
    const { account, key } = await newAccount(1_000);
    await edge.generate(key, { prompt: "apple", seed: 1 });
    await runDurableObjectAlarm(ledgerStub(account));
    await runInDurableObject(ledgerStub(account), (_, { storage }) => {
      expect(storage.sql.exec("SELECT * FROM outbox").toArray()).toEqual([]);
    });
  });
});
