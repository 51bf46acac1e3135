import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { storeKey } from "../../../workers/latents/latent-cache.ts";
import { ledgerStub } from "../support/account-book.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

async function sharingKey(): Promise<string> {
  return edge.createKey(undefined, 1_000_000, { scopes: ["generate", "shared_cache"] });
}

describe("a prompt that is repeated without a seed", () => {
  test("goes round the latents that it has, by whatever requests they were made, and never repeats one at once", async () => {
    const key = await edge.createKey();
    const body = { prompt: "a red apple" };
    const first = firstPicture(await edge.generate(key, body));
    expect(firstPicture(await edge.generate(key, body))).toMatchObject({ tier: "image", seed: first.seed });
    const fresh = firstPicture(await edge.generate(key, { ...body, reuse: "fresh" }));
    expect(firstPicture(await edge.generate(key, body)).seed).toBe(first.seed);
    await edge.generate(key, { ...body, seed: 77 });
    const jobs = edge.backend.jobs.length;
    const seeds: number[] = [];
    for (let i = 0; i < 6; i += 1) seeds.push(firstPicture(await edge.generate(key, body)).seed);
    expect(edge.backend.jobs.length).toBe(jobs);
    expect(new Set(seeds)).toEqual(new Set([first.seed, fresh.seed, 77]));
    const all = [77, ...seeds];
    for (let i = 1; i < all.length; i += 1) expect(all[i]).not.toBe(all[i - 1]);
  });

  test("makes only as many new pictures as it lacks", async () => {
    const key = await edge.createKey();
    await edge.generate(key, { prompt: "apple" });
    const answer = await edge.generate(key, { prompt: "apple", n: 3 });
    expect(answer.data.map(({ tier }) => tier).toSorted()).toEqual(["generated", "generated", "image"]);
    expect(new Set(answer.data.map(({ seed }) => seed)).size).toBe(3);
  });

  test("with its Idempotency-Key gives the pictures of the first time, whatever was made meanwhile", async () => {
    const key = await edge.createKey();
    const headers = { "idempotency-key": "turn" };
    const first = firstPicture(await (await edge.post(key, { prompt: "dog" }, headers)).json());
    await edge.generate(key, { prompt: "dog", reuse: "fresh" });
    expect(firstPicture(await (await edge.post(key, { prompt: "dog" }, headers)).json()).seed).toBe(first.seed);
  });

  test.each(["no-cache", "max-age=0, No-Cache", "no-store"])(
    "under 'Cache-Control: %s' is made anew",
    async (header) => {
      const key = await edge.createKey();
      const first = firstPicture(await edge.generate(key, { prompt: "apple" }));
      const again = await edge.post(key, { prompt: "apple" }, { "cache-control": header });
      const picture = firstPicture(await again.json());
      expect(picture.tier).toBe("generated");
      expect(picture.seed).not.toBe(first.seed);
      const exact = await edge.post(key, { prompt: "apple", seed: first.seed }, { "cache-control": header });
      expect(firstPicture(await exact.json()).latent_id).toBe(first.latent_id);
    },
  );
});

test("an answer tells how old each latent is, by the store and by the edge's copy alike", async () => {
  const key = await edge.createKey();
  const first = await edge.post(key, { prompt: "apple", seed: 1 });
  expect(first.headers.get("x-wuerstchen-age-seconds")).toBe("0");
  edge.nowMs += 100_000;
  const second = await edge.post(key, { prompt: "apple", seed: 1 });
  const age = Number(second.headers.get("x-wuerstchen-age-seconds"));
  expect(age).toBeGreaterThanOrEqual(100);
  expect(age).toBeLessThan(200);
  expect(firstPicture(await second.json()).age_seconds).toBe(age);
});

test("latents beyond the account's budget are taken out of the store by the account's alarm", async () => {
  const account = `evicting-${crypto.randomUUID()}`;
  const key = await edge.createKey(account);
  await edge.admin("PUT", account, { latent_bytes_max: 0 });
  const { latent_id } = firstPicture(await edge.generate(key, { prompt: "apple", seed: 1 }));
  expect(await edge.env.LATENTS.head(storeKey(latent_id))).not.toBeNull();
  await runDurableObjectAlarm(ledgerStub(account));
  expect(await edge.env.LATENTS.head(storeKey(latent_id))).toBeNull();
});

describe("the cache of everyone", () => {
  test("is entered only when key and request both say so", async () => {
    const body = { prompt: "shared apple", seed: 5, cache_scope: "shared" };
    const plain = await edge.createKey();
    const refused = await edge.post(plain, body);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: "insufficient_scope" } });

    const [a, b] = [await sharingKey(), await sharingKey()];
    const first = firstPicture(await edge.generate(a, body));
    expect(first.tier).toBe("generated");
    expect(firstPicture(await edge.generate(b, body))).toMatchObject({ tier: "image", latent_id: first.latent_id });
    const own = { prompt: "shared apple", seed: 5 };
    expect(firstPicture(await edge.generate(b, own)).tier).toBe("generated");
    expect(firstPicture(await edge.generate(plain, own)).tier).toBe("generated");
  });

  test("serves the first request without a seed of one account from what another one made", async () => {
    const body = { prompt: "shared dog", cache_scope: "shared" };
    await edge.generate(await sharingKey(), body);
    expect(firstPicture(await edge.generate(await sharingKey(), body)).tier).toBe("image");
  });
});

describe("what another account asked for", () => {
  /** Everything that an answer tells, but what differs between any two: ids, seeds' names, and times. */
  async function traceOf(key: string, body: object) {
    const response = await edge.post(key, body);
    const { usage, data }: Awaited<ReturnType<TestEdge["generate"]>> = await response.json();
    const names = [...response.headers.keys()].toSorted();
    const told = ["x-wuerstchen-tier", "x-wuerstchen-age-seconds", "x-wuerstchen-cost-micro-usd", "age", "etag"];
    return {
      status: response.status,
      names,
      told: told.map((name) => response.headers.get(name)),
      cost: usage.cost,
      tiers: data.map(({ tier, age_seconds }) => ({ tier, age_seconds })),
      parts: usage.pictures.map(({ milliseconds }) => Object.keys(milliseconds).toSorted()),
    };
  }

  test.each([
    ["with a seed", { prompt: "red apple", seed: 3 }],
    ["without one", { prompt: "red apple" }],
    ["several times", { prompt: "red apple", n: 2 }],
  ])(
    "%s looks exactly like what nobody asked for: tier, charge, age, headers, parts of time, work done",
    async (_, body) => {
      const [owner, stranger] = [await edge.createKey(), await edge.createKey()];
      await edge.generate(owner, body);
      await edge.generate(owner, body);
      const jobs = edge.backend.jobs.length;
      const stored = await traceOf(stranger, body);
      const jobsForStored = edge.backend.jobs.length - jobs;
      const unknown = await traceOf(stranger, { ...body, prompt: "red dog" });
      expect(stored).toEqual(unknown);
      expect(edge.backend.jobs.length - jobs).toBe(2 * jobsForStored);
    },
  );
});
