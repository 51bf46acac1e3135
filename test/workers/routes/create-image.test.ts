import { describe, expect, test } from "vitest";
import { imageEdgeUrl } from "../../../workers/images/image-cache.ts";
import { edgeUrl, storeKey } from "../../../workers/latents/latent-cache.ts";
import { isSecondSince } from "../support/clock.ts";
import { firstBase64, firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** How many Stage C jobs and decodes `work` cost. */
async function costOf(work: () => Promise<unknown>) {
  const before = { jobs: backend.jobs.length, decodes: backend.decodes.length };
  await work();
  return { jobs: backend.jobs.length - before.jobs, decodes: backend.decodes.length - before.decodes };
}

async function forgetLatent(id: string): Promise<void> {
  await caches.default.delete(edgeUrl(id));
  await edge.env.LATENTS.delete(storeKey(id));
}

describe("a request for pictures", () => {
  test("is answered in OpenAI's shape, and says how each picture came about", async () => {
    const key = await edge.createKey();
    const beganMs = edge.nowMs;
    const response = await edge.post(key, { prompt: "red apple", seed: 5, model: "tiny" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/u);
    expect(response.headers.get("x-wuerstchen-tier")).toBe("generated");
    expect(response.headers.get("x-wuerstchen-seed")).toBe("5");
    expect(response.headers.get("x-wuerstchen-cost-micro-usd")).toBe("21");
    expect(response.headers.get("server-timing")).toContain("stage-c;dur=20");
    const parts = { "stage-c-queue": 0.5, "text-encoder": 1.5, "decode-queue": 0.25, "stage-b": 10, "stage-a": 3 };
    expect(await response.json()).toEqual({
      created: expect.toSatisfy(isSecondSince(beganMs)),
      data: [
        {
          b64_json: expect.any(String),
          url: expect.stringContaining("/v1/images/"),
          seed: 5,
          latent_id: expect.stringMatching(/^[0-9a-f]{64}$/u),
          tier: "generated",
          age_seconds: 0,
        },
      ],
      output_format: "png",
      background: "opaque",
      size: "64x64",
      usage: {
        input_tokens: 4,
        output_tokens: 0,
        total_tokens: 4,
        input_tokens_details: { text_tokens: 4, image_tokens: 0 },
        cost: { currency: "usd", micro_usd: 21, price_book: 2 },
        pictures: [
          expect.objectContaining({
            tier: "generated",
            micro_usd: 21,
            seed: 5,
            milliseconds: expect.objectContaining({ ...parts, "stage-c": 20, encode: 2 }),
          }),
        ],
      },
      warnings: [],
    });
  });

  test("that repeats prompt and seed costs no Stage C job and no decode, and gives the same bytes", async () => {
    const key = await edge.createKey();
    const body = { prompt: "a blue dog", seed: 7 };
    const first = await edge.generate(key, body);
    let second = first;
    expect(await costOf(async () => (second = await edge.generate(key, body)))).toEqual({ jobs: 0, decodes: 0 });
    expect(firstBase64(second)).toBe(firstBase64(first));
    expect(firstPicture(second)).toMatchObject({ tier: "image", latent_id: firstPicture(first).latent_id });
  });

  test("whose prompt normalises alike finds the same latent", async () => {
    const key = await edge.createKey();
    const first = await edge.generate(key, { prompt: "green apple", seed: 1 });
    const second = await edge.generate(key, { prompt: "  green\t \uff41pple\n", seed: 1 });
    expect(firstPicture(second)).toMatchObject({ tier: "image", latent_id: firstPicture(first).latent_id });
  });

  test("in another format decodes the stored latent again without Stage C", async () => {
    const key = await edge.createKey();
    await edge.generate(key, { prompt: "apple", seed: 1 });
    const cost = await costOf(async () => {
      const body = { prompt: "apple", seed: 1, output_format: "webp", output_compression: 40 };
      expect(firstPicture(await edge.generate(key, body)).tier).toBe("latent");
    });
    expect(cost).toEqual({ jobs: 0, decodes: 1 });
    expect(backend.decodes.at(-1)).toMatchObject({ format: "webp", quality: 40 });
  });

  test("whose latent and picture are gone is generated again, identically", async () => {
    const key = await edge.createKey();
    const first = await edge.generate(key, { prompt: "apple", seed: 2 });
    const { latent_id: id } = firstPicture(first);
    await forgetLatent(id);
    await caches.default.delete(imageEdgeUrl(id, { format: "png" }));
    const second = await edge.generate(key, { prompt: "apple", seed: 2 });
    expect(firstPicture(second).tier).toBe("generated");
    expect(firstBase64(second)).toBe(firstBase64(first));
  });

  test("whose picture the edge holds is that picture, as long as the account keeps its latent", async () => {
    const key = await edge.createKey();
    const ask = () => edge.generate(key, { prompt: "apple", seed: 2 });
    const { latent_id: id } = firstPicture(await ask());
    expect(firstPicture(await ask()).tier).toBe("image");
    await edge.fetch(`/v1/latents/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${key}` } });
    expect(firstPicture(await ask()).tier).toBe("generated");
    expect((await edge.get(key, `/v1/latents/${id}`)).status).toBe(200);
  });

  test("whose latent is no longer at the edge finds it in the store", async () => {
    const key = await edge.createKey();
    const first = await edge.generate(key, { prompt: "apple", seed: 3 });
    await caches.default.delete(edgeUrl(firstPicture(first).latent_id));
    const other = await edge.generate(key, { prompt: "apple", seed: 3, output_format: "webp" });
    expect(firstPicture(other).tier).toBe("latent");
  });

  test("of another account shares nothing with it", async () => {
    const body = { prompt: "apple", seed: 4 };
    const first = await edge.generate(await edge.createKey(), body);
    const second = await edge.generate(await edge.createKey(), body);
    expect(firstPicture(second).tier).toBe("generated");
    expect(firstPicture(second).latent_id).not.toBe(firstPicture(first).latent_id);
  });

  test("for four pictures is a Stage C job for each seed, counted up from the given one across 2³²", async () => {
    const key = await edge.createKey();
    let seeds: number[] = [];
    const cost = await costOf(async () => {
      const answer = await edge.generate(key, { prompt: "apple", n: 4, seed: 4_294_967_294 });
      seeds = answer.data.map(({ seed }) => seed);
    });
    expect(cost).toEqual({ jobs: 4, decodes: 4 });
    expect(seeds).toEqual([4_294_967_294, 4_294_967_295, 0, 1]);
  });

  test("of which some pictures exist asks Stage C for the others only", async () => {
    const key = await edge.createKey();
    await edge.generate(key, { prompt: "apple", seed: 11 });
    const answer = await edge.generate(key, { prompt: "apple", seed: 10, n: 3 });
    expect(answer.data.map(({ tier }) => tier)).toEqual(["generated", "image", "generated"]);
    expect(backend.jobs.slice(-2).map(({ seeds }) => seeds)).toEqual(expect.arrayContaining([[10], [12]]));
  });

  test("without a seed finds its pictures again, and with reuse fresh never does", async () => {
    const key = await edge.createKey();
    const prompt = "red dog";
    const first = await edge.generate(key, { prompt, n: 2 });
    const again = await edge.generate(key, { prompt, n: 2, reuse: "prefer" });
    expect(again.data.map(({ tier }) => tier)).toEqual(["image", "image"]);
    expect(again.data.map(({ seed }) => seed)).toEqual(first.data.map(({ seed }) => seed));
    const fresh = await edge.generate(key, { prompt, n: 2, reuse: "fresh" });
    expect(fresh.data.map(({ tier }) => tier)).toEqual(["generated", "generated"]);
    expect(new Set([...first.data, ...fresh.data].map(({ seed }) => seed)).size).toBe(4);
  });

  test("whose prompt is too long says how many tokens were dropped", async () => {
    const answer = await edge.generate(await edge.createKey(), { prompt: "apple ".repeat(20), negative_prompt: "dog" });
    expect(answer.warnings).toEqual(["prompt_truncated: the model reads 16 tokens; the last 6 tokens were dropped."]);
    expect(answer.usage.input_tokens).toBe(16 + 3);
  });

  test("takes every field that OpenAI's clients send, and nulls as absent", async () => {
    const body = { prompt: "apple", size: "auto", quality: "hd", user: "u", seed: null, background: "auto" };
    const answer = await edge.generate(await edge.createKey(), body);
    expect(answer.warnings).toEqual(["'quality' has no effect on this model and was ignored."]);
  });
});

describe("Accept: image/…", () => {
  test("is answered with the picture's bytes", async () => {
    const key = await edge.createKey();
    const response = await edge.post(key, { prompt: "apple", seed: 1 }, { accept: "image/png" });
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("x-wuerstchen-latent-id")).toMatch(/^[0-9a-f]{64}$/u);
    const answer = await edge.generate(key, { prompt: "apple", seed: 1 });
    expect(btoa(await response.text())).toBe(firstBase64(answer));
  });

  test("decides the format, and image/* leaves it to the body", async () => {
    const key = await edge.createKey();
    const webp = await edge.post(key, { prompt: "apple" }, { accept: "image/webp" });
    expect(webp.headers.get("content-type")).toBe("image/webp");
    const jpeg = await edge.post(key, { prompt: "apple", output_format: "jpeg" }, { accept: "image/*" });
    expect(jpeg.headers.get("content-type")).toBe("image/jpeg");
  });

  test("tells warnings in a header", async () => {
    const response = await edge.post(await edge.createKey(), { prompt: "apple ".repeat(15) }, { accept: "image/png" });
    expect(response.headers.get("x-wuerstchen-warning")).toContain("the last 1 token was dropped");
  });

  test.each([
    ["n", { prompt: "apple", n: 2 }],
    ["output_format", { prompt: "apple", output_format: "webp" }],
  ])("contradicting '%s' is refused", async (param, body) => {
    const response = await edge.post(await edge.createKey(), body, { accept: "image/png" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });

  test.each(["*/*", "application/json", "application/json, text/plain, */*", "text/html"])(
    "other than an image (%s) is answered with JSON",
    async (accept) => {
      const response = await edge.post(await edge.createKey(), { prompt: "apple" }, { accept });
      expect(response.headers.get("content-type")).toContain("application/json");
    },
  );
});
