import { createMessageBatch, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { parseEnv } from "../../../workers/env.ts";
import worker from "../../../workers/index.ts";
import { ledgerStub, sumEntries } from "../support/account-book.ts";
import { firstBase64, TestEdge } from "../support/test-edge.ts";

/** Some seconds alone, on a machine that is busy with other work a minute. */
const testMsMax = 120_000;

const orders = 60;
const triesMax = 6;

/** Fails or breaks every third request in one of three ways, and works otherwise. */
function troubledFetch(edge: TestEdge): TestEdge["backend"]["fetch"] {
  let calls = 0;
  return (url, init) => {
    calls += 1;
    if (calls % 9 === 3) return Promise.reject(new TypeError("connection reset"));
    if (calls % 9 === 6) return Promise.resolve(Response.json({}, { status: 500 }));
    if (calls % 9 === 0) {
      return Promise.resolve(new Response("", { status: 429, headers: { "retry-after": "1" } }));
    }
    return edge.backend.fetch(url, init);
  };
}

interface Order {
  readonly key: string;
  readonly body: object;
  /** What the delivered answers said that was charged, and the pictures they held. */
  readonly charged: Set<number>;
  readonly pictures: Set<string>;
}

test(
  "retries, failures, repeats and events in any order: each order is charged once, and only if delivered",
  async () => {
    const quiet = new TestEdge();
    const edge = new TestEdge({}, troubledFetch(quiet));
    const key = await edge.createKey("under-fire", 100_000);

    /** Every order is sent until it is delivered, and some twice at once, as impatient clients do. */
    async function place(order: Order): Promise<void> {
      const headers = { "idempotency-key": order.key };
      for (let attempt = 0; attempt < triesMax; attempt += 1) {
        const copies = attempt % 2 === 0 ? [1, 2] : [1];
        const responses = await Promise.all(copies.map(() => edge.post(key, order.body, headers)));
        await Promise.all(responses.map((response) => take(order, response)));
      }
    }

    const placed: Order[] = Array.from({ length: orders }, (_, index) => ({
      key: `order-${index}`,
      body: index % 3 === 0 ? { prompt: "apple", reuse: "fresh" } : { prompt: "apple", seed: index % 7 },
      charged: new Set(),
      pictures: new Set(),
    }));
    await Promise.all(placed.map(place));

    const delivered = placed.filter(({ pictures }) => pictures.size > 0);
    expect(delivered.length).toBeGreaterThan(orders / 2);
    for (const { charged, pictures } of delivered) expect([charged.size, pictures.size]).toEqual([1, 1]);
    const billed = delivered.reduce((sum, { charged: [amount = 0] }) => sum + amount, 0);

    await runInDurableObject(ledgerStub("under-fire"), async (_, { storage }) => {
      const balances = await edge.ledger("under-fire").balances();
      expect(balances).toEqual({ granted: -100_000, available: 100_000 - billed, held: 0, spent: billed });
      expect(sumEntries(storage.sql)).toEqual(balances);
      const settled = storage.sql.exec<{ id: string; settlement: string; account: string }>(
        "SELECT id, account, settlement FROM reservations WHERE state = 'settled'",
      );
      const events = settled.toArray().map(({ id, account, settlement }) => {
        const { lines, priceBook } = JSON.parse(settlement);
        return { id, account, atMs: 0, priceBook, lines };
      });
      for (const bodies of [events.toReversed(), events, events.slice(5)]) await deliver(bodies);
    });
    const query = "SELECT SUM(micro_usd) AS sum FROM usage WHERE account = 'under-fire'";
    expect(await parseEnv(env).USAGE.prepare(query).first()).toEqual({ sum: billed });
  },
  testMsMax,
);

/** Notes what an answer holds and what it says that it cost. */
async function take({ charged, pictures }: Order, response: Response): Promise<void> {
  expect([200, 429, 502]).toContain(response.status);
  if (response.status !== 200) return;
  const answer: ImagesResponse = await response.json();
  charged.add(answer.usage.cost.micro_usd);
  pictures.add(firstBase64(answer));
}

async function deliver(bodies: readonly unknown[]): Promise<void> {
  const messages = bodies.map((body, index) => ({ id: `${index}`, timestamp: new Date(0), attempts: 1, body }));
  await worker.queue(createMessageBatch("wuerstchen-usage", messages), env);
}
