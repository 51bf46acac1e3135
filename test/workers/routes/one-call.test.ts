import { beforeEach, describe, expect, test } from "vitest";
import type { WorkerEnv } from "../../../workers/env.ts";
import { firstBase64, firstPicture, TestEdge } from "../support/test-edge.ts";

/** By the price book, for 6 steps on a latent of 4×4 and 64×64 pixels. */
const latentMade = 17 + 1;
const generated = latentMade + 3;
const hit = 18;

type Method = (...asked: unknown[]) => Promise<unknown>;
type Interfere = (method: string, call: () => Promise<unknown>) => Promise<unknown>;

const calls: string[] = [];
let interfere: Interfere = (_, call) => call();
const plain = new TestEdge();
const latentReads: string[] = [];
const edge = new TestEdge({
  ACCOUNT_LEDGERS: watched(plain.env.ACCOUNT_LEDGERS),
  LATENTS: {
    ...plain.env.LATENTS,
    get: (name: string) => {
      latentReads.push(name);
      return plain.env.LATENTS.get(name);
    },
  } as WorkerEnv["LATENTS"],
});

/** The accounts' objects themselves, with a look at every call, and a hand in it. */
function watched(namespace: WorkerEnv["ACCOUNT_LEDGERS"]): WorkerEnv["ACCOUNT_LEDGERS"] {
  return {
    getByName(name) {
      const stub = namespace.getByName(name);
      return new Proxy(stub, {
        get: (_, method: keyof typeof stub & string) => {
          calls.push(method);
          return (...asked: unknown[]) => interfere(method, () => (stub[method] as Method)(...asked));
        },
      });
    },
  };
}

beforeEach(() => {
  latentReads.length = 0;
  interfere = (_, call) => call();
});

const request = { prompt: "apple", seed: 1 };

/** An account that has one picture; the calls that led to it are forgotten. */
async function withPicture(creditMicroUsd = 1_000) {
  const account = `one-call-${crypto.randomUUID()}`;
  const key = await edge.createKey(account, creditMicroUsd);
  const first = await edge.generate(key, request);
  calls.length = 0;
  return { account, key, first, balances: () => plain.ledger(account).balances() };
}

describe("a request with a seed", () => {
  test("asks the account once when the edge has its picture, and charges a hit", async () => {
    const { key, first, balances } = await withPicture();
    const second = await edge.generate(key, request);
    expect(calls).toEqual(["admitAndReserve"]);
    expect(firstBase64(second)).toBe(firstBase64(first));
    expect(firstPicture(second)).toMatchObject({ tier: "image", seed: 1, latent_id: firstPicture(first).latent_id });
    expect(second.usage.cost.micro_usd).toBe(hit);
    expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
  });

  test("asks it twice when there is work to be done: with the reservation, and to settle", async () => {
    const { key } = await withPicture();
    await edge.generate(key, { ...request, output_format: "webp" });
    await edge.generate(key, { prompt: "apple" });
    expect(calls).toEqual(["admitAndReserve", "settle", "admitAndReserve", "settle"]);
  });

  test("leaves the look into the store to the latent's own run if the account does not know the latent", async () => {
    const { key } = await withPicture();
    expect(latentReads).toEqual([]);
    const again = await edge.generate(key, { ...request, output_format: "webp" });
    expect(firstPicture(again).tier).toBe("latent");
  });

  test("is a hit if the account does not know the latent and the store has it", async () => {
    const { key, account, first } = await withPicture();
    await plain.ledger(account).forgetLatent(firstPicture(first).latent_id);
    const again = await edge.generate(key, { ...request, output_format: "webp" });
    expect(firstPicture(again)).toMatchObject({ tier: "latent", latent_id: firstPicture(first).latent_id });
    expect(again.usage.cost.micro_usd).toBe(hit + 3);
  });

  test("tells what the key may still send, as every answer does", async () => {
    const { key } = await withPicture();
    const answer = await edge.post(key, request);
    expect(answer.headers.get("x-ratelimit-remaining-requests")).toMatch(/^\d+$/u);
    const invalid = await edge.post(key, "{");
    expect(invalid.status).toBe(400);
    expect(invalid.headers.get("x-ratelimit-remaining-requests")).toMatch(/^\d+$/u);
    expect(calls).toEqual(["admitAndReserve", "admit"]);
  });

  test("is made again, and charged so, when its latent is deleted between the look and the charge", async () => {
    const { key, first, balances } = await withPicture();
    const { latent_id: id } = firstPicture(first);
    interfere = async (method, call) => {
      if (method === "admitAndReserve") {
        await plain.fetch(`/v1/latents/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${key}` } });
      }
      return call();
    };
    const again = await edge.generate(key, request);
    expect(firstPicture(again)).toMatchObject({ tier: "generated", latent_id: id });
    // The picture's file is at the edge still, so it need not be decoded again.
    expect(await balances()).toMatchObject({ held: 0, spent: generated + latentMade });
    expect((await plain.get(key, `/v1/latents/${id}`)).status).toBe(200);
  });
});

describe("an answer that is lost after the charge", () => {
  test("is had by a repeat with the same Idempotency-Key: the same picture, and no second charge", async () => {
    const { key, first, balances } = await withPicture();
    const keyed = { "idempotency-key": "a" };
    interfere = async (_, call) => {
      await call();
      throw new TypeError("The isolate ended.");
    };
    expect((await edge.post(key, request, keyed)).status).toBe(500);
    expect((await balances()).spent).toBe(generated + hit);
    interfere = (_, call) => call();
    const repeat = await edge.post(key, request, keyed);
    expect(repeat.status).toBe(200);
    expect(repeat.headers.get("idempotent-replayed")).toBe("true");
    expect(repeat.headers.get("x-wuerstchen-cost-micro-usd")).toBe(String(hit));
    expect(firstBase64(await repeat.json())).toBe(firstBase64(first));
    expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
  });

  test("because the account's object ended, is asked for again by the edge itself, and charged once", async () => {
    const { key, balances } = await withPicture();
    let hasEnded = false;
    interfere = async (_, call) => {
      const answer = await call();
      if (hasEnded) return answer;
      hasEnded = true;
      throw Object.assign(new TypeError("The object was reset."), { durableObjectReset: true });
    };
    const answer = await edge.post(key, request);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("idempotent-replayed")).toBeNull();
    expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
  });
});

describe("who may not come in is told so before anything else, and charged nothing:", () => {
  async function expectRefusal(key: string, status: number, code: string): Promise<void> {
    const bodies = [request, "{", { prompt: "" }, { prompt: "apple" }, { ...request, cache_scope: "shared" }];
    for (const body of bodies) {
      const answer = await edge.post(key, body);
      expect(answer.status).toBe(status);
      expect(await answer.json()).toMatchObject({ error: { code } });
    }
    const plainText = await edge.post(key, request, { "content-type": "text/plain" });
    expect(plainText.status).toBe(status);
  }

  test("a revoked key", async () => {
    const { account, key, balances } = await withPicture();
    const listed = await (await edge.admin("GET", `${account}/keys`)).json<{ data: { id: string }[] }>();
    // By its account alone: whose it is may still be remembered elsewhere.
    await plain.env.ACCOUNT_LEDGERS.getByName(account).revokeKey(listed.data[0]?.id ?? "", actor);
    await expectRefusal(key, 401, "invalid_api_key");
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });

  test("a key of a suspended account", async () => {
    const { account, key, balances } = await withPicture();
    await edge.admin("PUT", account, { suspended: true });
    await expectRefusal(key, 403, "account_suspended");
    await edge.admin("PUT", account, { suspended: false });
    expect((await edge.post(key, request)).status).toBe(200);
    expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
  });

  test("a key without the scope", async () => {
    const { account, balances } = await withPicture();
    const key = await edge.createKey(account, 0, { scopes: ["read"] });
    await expectRefusal(key, 403, "insufficient_scope");
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });

  test("a key beyond its rate, which is asked about without a look at what it wants", async () => {
    const { account, balances } = await withPicture();
    const key = await edge.createKey(account, 0, { requests_per_minute: 1 });
    expect((await edge.post(key, request)).status).toBe(200);
    calls.length = 0;
    await expectRefusal(key, 429, "rate_limit_exceeded");
    expect(calls[0]).toBe("admitAndReserve");
    expect(new Set(calls.slice(1))).toEqual(new Set(["admit"]));
    expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
  });

  test("a key whose budget the ceiling would exceed, however little a hit costs", async () => {
    const { account, balances } = await withPicture();
    const key = await edge.createKey(account, 0, { budget_micro_usd_per_day: generated - 1 });
    const answer = await edge.post(key, request);
    expect(answer.status).toBe(402);
    expect(await answer.json()).toMatchObject({ error: { code: "key_budget_exceeded" } });
    expect(await balances()).toMatchObject({ held: 0, spent: generated });
  });
});

const actor = { name: "test", requestId: "req_test" };
