import { describe, expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

/** By the price book, for 6 steps on a latent of 4×4 and 64×64 pixels. */
const generated = 17 + 1 + 3;

async function codeOf(response: Response): Promise<string> {
  const { error }: { error?: { code: string } } = await response.json();
  return error?.code ?? "ok";
}

describe("a key's rate", () => {
  test("is told on every answer in OpenAI's headers, also on a failure", async () => {
    const key = await edge.createKey(undefined, 1_000_000, { requests_per_minute: 60 });
    const first = await edge.get(key, "/v1/balance");
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("60");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("59");
    expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^(1s|9\d\dms)$/u);
    const second = await edge.post(key, { prompt: "" });
    expect(second.status).toBe(400);
    expect(second.headers.get("x-ratelimit-remaining-requests")).toBe("58");
    expect(first.headers.get("access-control-expose-headers")).toBe("*");
  });

  test("beyond its limit is 429 with the time to come back, and only for that key", async () => {
    const account = `rate-${crypto.randomUUID()}`;
    const key = await edge.createKey(account, 1_000_000, { requests_per_minute: 3 });
    const other = await edge.createKey(account, 0, { requests_per_minute: 3 });
    const responses = await Promise.all(Array.from({ length: 5 }, () => edge.get(key, "/v1/balance")));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429]);
    const refused = await edge.post(key, { prompt: "apple" });
    expect(refused.status).toBe(429);
    const retryAfter = Number(refused.headers.get("retry-after"));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(20);
    expect(refused.headers.get("x-should-retry")).toBe("true");
    expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(await codeOf(refused)).toBe("rate_limit_exceeded");
    expect((await edge.get(other, "/v1/balance")).status).toBe(200);
  });
});

describe("the limiter of the location", () => {
  test("is bound, and lets ordinary traffic pass", async () => {
    expect(await edge.env.LOCATION_LIMITER.limit({ key: "anybody" })).toEqual({ success: true });
  });

  test("stops a flood before anything is asked of the account, and counts whoever tries keys by address", async () => {
    const counted: string[] = [];
    const LOCATION_LIMITER = {
      limit: ({ key }: RateLimitOptions) => {
        counted.push(key);
        return Promise.resolve({ success: false });
      },
    };
    const key = await edge.createKey();
    const ACCOUNT_LEDGERS = {
      getByName() {
        throw new TypeError("asked");
      },
    };
    const flooded = new TestEdge({ LOCATION_LIMITER, ACCOUNT_LEDGERS });
    for (const shown of [key, `we_${"0".repeat(28)}`]) {
      const headers = { authorization: `Bearer ${shown}`, "cf-connecting-ip": "192.0.2.7" };
      const response = await flooded.fetch("/v1/balance", { headers });
      expect(response.status).toBe(429);
      expect(response.headers.get("retry-after")).toBe("10");
    }
    expect(counted).toEqual([expect.stringMatching(/^key_/u), "address:192.0.2.7"]);
  });
});

describe("requests of one account at once", () => {
  test("beyond its limit are 429 before the backend is woken; each place is free again when its request ends", async () => {
    const account = `busy-${crypto.randomUUID()}`;
    const busy = new TestEdge();
    const key = await busy.createKey(account);
    await busy.admin("PUT", account, { concurrency_max: 2 });
    const request = (seed: number) => busy.post(key, { prompt: "apple", seed });
    const order = { account, idempotencyKey: undefined, isRetry: false, ceilingMicroUsd: 1, digest: "", seeds: [] };
    for (const reservationId of ["a", "b"]) await busy.ledger(account).reserve({ ...order, reservationId });
    const refused = await request(1);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await codeOf(refused)).toBe("concurrency_limit_exceeded");
    // As long as those that are under way have taken by now, on average.
    for (const [laterMs, seconds] of [
      [6_500, "7"],
      [600_000, "60"],
    ] as const) {
      busy.nowMs += laterMs;
      expect((await request(1)).headers.get("retry-after")).toBe(seconds);
    }
    expect(busy.backend.transcript).toEqual([]);
    await busy.ledger(account).release("a");
    for (const seed of [1, 2]) expect((await request(seed)).status).toBe(200);
    busy.backend.behaviour = "unreachable";
    for (const seed of [4, 5, 6]) expect((await request(seed)).status).toBe(502);
    busy.backend.behaviour = "works";
    expect((await request(4)).status).toBe(200);
  });
});

describe("a key's budget a day", () => {
  test("is never exceeded, however many ask at once, and other keys of the account go on", async () => {
    const account = `budget-${crypto.randomUUID()}`;
    const key = await edge.createKey(account, 1_000_000, { budget_micro_usd_per_day: 3 * generated });
    const other = await edge.createKey(account, 0);
    const request = () => edge.post(key, { prompt: "apple", reuse: "fresh" });
    const responses = await Promise.all(Array.from({ length: 6 }, request));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 402, 402, 402]);
    const refused = await request();
    expect(await codeOf(refused)).toBe("key_budget_exceeded");
    expect((await edge.ledger(account).balances()).spent).toBe(3 * generated);
    expect((await edge.post(other, { prompt: "apple" })).status).toBe(200);
  });

  test("counts what was charged, not what was held", async () => {
    const key = await edge.createKey(undefined, 1_000_000, { budget_micro_usd_per_day: 2 * generated + 18 });
    await edge.generate(key, { prompt: "apple", seed: 1 });
    await edge.generate(key, { prompt: "apple", seed: 1 });
    expect((await edge.post(key, { prompt: "apple", seed: 1 })).status).toBe(200);
    expect((await edge.post(key, { prompt: "apple", seed: 1 })).status).toBe(402);
  });
});
