import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../scripts/ports.ts";
import type { ImagesResponse } from "../../shared/api/images-response.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { type Backend, startBackend } from "../support/backend.ts";
import { seededRandom } from "../support/random.ts";
import { reportedMicroUsd, storedBooks } from "../support/stored-books.ts";
import { startTinyEdge, type TinyEdge } from "../support/tiny-edge.ts";
import { startTroubledProxy, type Trouble, type TroubledProxy } from "../support/troubled-proxy.ts";

// The real Worker and the real backend over real HTTP, on the worst of days: the backend refuses, fails, falls silent,
// loses answers and is killed; clients repeat themselves, ask twice at once and hang up.

const testMsMax = 900_000;
const requestsMin = 2_000;
const orderCount = 680;
const clients = 24;
/** By the price book, for the tiny bundle. */
const generatedMicroUsd = 21;
const spenders = 50;
const affordable = 30;

const random = seededRandom(20_261_123);
let backendPort: number;
let backend: Backend;
let proxy: TroubledProxy;
let edge: TinyEdge;
let requests = 0;
let isFireOn = true;

/** One in eight requests to the backend meets something. */
function troubleOf(): Trouble {
  const drawn = isFireOn ? random() : 1;
  if (drawn < 0.03) return "refused";
  if (drawn < 0.06) return "fault";
  if (drawn < 0.12) return "answer-lost";
  return drawn < 0.13 ? "silence" : "none";
}

const start = () => startBackend({ PORT: String(backendPort), QUEUE_JOBS_MAX: "200" });

beforeAll(async () => {
  backendPort = await freePort(0, "PORT");
  backend = await start();
  proxy = await startTroubledProxy(() => backend.url, troubleOf);
  edge = await startTinyEdge(proxy.url);
}, testMsMax);

afterAll(async () => {
  await edge.stop();
  await proxy.stop();
  await backend.stop();
}, testMsMax);

/** Stopped as a machine that loses power is, and started again at the same address. */
async function killBackend(): Promise<void> {
  backend.process.kill("SIGKILL");
  await once(backend.process, "exit");
  backend = await start();
}

interface Order {
  readonly apiKey: string;
  readonly idempotencyKey: string;
  readonly body: object;
  readonly charged: Set<number>;
  readonly pictures: Set<string>;
}

function orderOf(apiKey: string, idempotencyKey: string, body: object): Order {
  return { apiKey, idempotencyKey, body, charged: new Set(), pictures: new Set() };
}

/** One request, perhaps hung up on. The status, or undefined when there was no answer. */
async function send(order: Order, hangUpMs?: number): Promise<number | undefined> {
  requests += 1;
  try {
    const response = await fetch(`${edge.url}/v1/images/generations`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${order.apiKey}`,
        "content-type": "application/json",
        "idempotency-key": order.idempotencyKey,
      },
      body: JSON.stringify(order.body),
      ...(hangUpMs === undefined ? {} : { signal: AbortSignal.timeout(hangUpMs) }),
    });
    const answer = (await response.json()) as ImagesResponse;
    if (response.status === 200) {
      order.charged.add(answer.usage.cost.micro_usd);
      order.pictures.add(JSON.stringify(answer.data.map((item) => ("b64_json" in item ? item.b64_json : item.url))));
    }
    return response.status;
  } catch {
    return undefined;
  }
}

/** Sends an order until it is delivered, as an impatient client on a bad line does. Gives every status it saw. */
async function place(order: Order): Promise<readonly (number | undefined)[]> {
  const seen: (number | undefined)[] = [];
  for (let attempt = 0; order.pictures.size === 0; attempt += 1) {
    const copies = random() < 0.3 ? 2 : 1;
    const sent = Array.from({ length: copies }, () => send(order, random() < 0.3 ? 5 + random() * 300 : undefined));
    seen.push(...(await Promise.all(sent)));
    // A client's own backoff: what an open circuit asks for.
    if (order.pictures.size === 0) await pause(Math.min(1_000, 20 * 2 ** attempt));
  }
  // And once more, as one does who did not see that it had worked.
  seen.push(await send(order));
  return seen;
}

/** When all that clients left behind has ended, nothing is held. */
async function settledBalance(apiKey: string): Promise<BalanceResponse> {
  await expect
    .poll(async () => (await edge.balance(apiKey)).held_micro_usd, { timeout: 300_000, interval: 500 })
    .toBe(0);
  return edge.balance(apiKey);
}

/** An account with this credit and no more. */
async function openAccount(account: string, microUsd: number): Promise<string> {
  const admin = async (method: string, path: string, body: object) => {
    const response = await fetch(`${edge.url}/v1/admin/accounts/${account}${path}`, {
      method,
      headers: { authorization: `Bearer ${edge.adminSecret}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { readonly key: string };
  };
  await admin("PUT", "", {});
  await admin("POST", "/grants", { grant_id: "all", micro_usd: microUsd });
  return (await admin("POST", "/keys", {})).key;
}

test(
  "thousands of requests under fire: each order is delivered and charged once, nothing is lost, and all books agree",
  async () => {
    const { apiKey, storage } = edge;
    const orders = Array.from({ length: orderCount }, (_, index) =>
      orderOf(apiKey, `order-${index}`, {
        prompt: "apple",
        ...(index % 3 === 0 ? { reuse: "fresh" } : { seed: index % 37 }),
        ...(index % 10 === 0 ? { n: 2 } : {}),
      }),
    );

    const waiting = [...orders];
    const seen: (number | undefined)[] = [];
    const killAt = new Set([orderCount - 150, orderCount - 320]);
    await Promise.all(
      Array.from({ length: clients }, async () => {
        for (let order = waiting.pop(); order !== undefined; order = waiting.pop()) {
          const kill = killAt.delete(waiting.length) ? killBackend() : undefined;
          seen.push(...(await place(order)));
          await kill;
        }
      }),
    );
    expect(new Set(seen)).toEqual(new Set([200, 429, 502, 504, undefined].filter((status) => seen.includes(status))));
    for (const { charged, pictures } of orders) expect([charged.size, pictures.size]).toEqual([1, 1]);

    const poor = await openAccount("poor", affordable * generatedMicroUsd);
    const wishes = Array.from({ length: spenders }, (_, index) =>
      orderOf(poor, `wish-${index}`, { prompt: "pear", seed: index }),
    );
    const wished = async () => {
      await Promise.all(wishes.filter(({ pictures }) => pictures.size === 0).map((wish) => send(wish)));
      return wishes.filter(({ pictures }) => pictures.size > 0).length;
    };
    await expect.poll(wished, { timeout: 300_000, interval: 500 }).toBe(affordable);
    isFireOn = false;
    expect(await wished()).toBe(affordable);

    const [rich, broke] = [await settledBalance(apiKey), await settledBalance(poor)];
    const billed = (all: readonly Order[]) =>
      all.reduce((sum, { charged }) => sum + [...charged].reduce((a, b) => a + b, 0), 0);
    expect(rich.spent_micro_usd).toBe(billed(orders));
    expect(broke).toMatchObject({ available_micro_usd: 0, spent_micro_usd: affordable * generatedMicroUsd });
    expect(requests).toBeGreaterThanOrEqual(requestsMin);
    for (const [trouble, count] of Object.entries(proxy.counts)) expect(count, trouble).toBeGreaterThan(0);

    const spent = rich.spent_micro_usd + broke.spent_micro_usd;
    await expect.poll(() => reportedMicroUsd(storage), { timeout: 120_000, interval: 500 }).toBe(spent);
    for (const { balances, sums, total } of storedBooks(storage)) {
      expect(sums).toEqual(balances);
      expect(total).toBe(0);
    }
  },
  testMsMax,
);
