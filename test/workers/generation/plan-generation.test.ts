import { expect, test } from "vitest";
import { parseCreateImageRequest } from "../../../shared/api/create-image-request.ts";
import { planGeneration, withSeeds } from "../../../workers/generation/plan-generation.ts";
import { manifest } from "../support/tiny-bundle.ts";

async function plan(body: object = {}, inputs: { readonly cacheScope?: string; readonly tokenIds?: number[] } = {}) {
  const request = parseCreateImageRequest({ prompt: "apple", ...body });
  if (!request.ok) throw new TypeError("The test's request is not valid.");
  return planGeneration({
    manifest,
    prompt: { tokenIds: inputs.tokenIds ?? [2, 7, 3], tokensDropped: 0 },
    negativePrompt: { tokenIds: [2, 3], tokensDropped: 0 },
    specialTokenIds: [2, 3],
    request: request.value,
    cacheScope: inputs.cacheScope ?? "account",
    latentKeySecret: "s".repeat(32),
    randomSeed: () => 123,
  });
}

async function picturesOf(...parameters: Parameters<typeof plan>) {
  const planned = await plan(...parameters);
  if (!planned.ok) throw new TypeError(JSON.stringify(planned.error));
  return planned.value.pictures;
}

test("the same request gives the same plan, with the model's defaults filled in", async () => {
  const planned = await plan();
  expect(planned).toEqual(await plan());
  expect(planned).toMatchObject({
    ok: true,
    value: {
      size: "64x64",
      job: { model: "tiny", tokenIds: [2, 7, 3], steps: 6, guidanceScale: 3, latentShape: [16, 4, 4] },
      decode: { format: "png" },
    },
  });
});

test("seeds count up from an explicit one, and wrap at 2³²", async () => {
  const pictures = await picturesOf({ seed: 4_294_967_295, n: 3 });
  expect(pictures.map(({ seed }) => seed)).toEqual([4_294_967_295, 0, 1]);
});

test("unseeded pictures have seeds of their own that a longer request repeats", async () => {
  const four = await picturesOf({ n: 4 });
  expect(new Set(four.map(({ seed }) => seed)).size).toBe(4);
  expect(await picturesOf({ n: 2 })).toEqual(four.slice(0, 2));
});

test("an explicit seed that equals a derived one finds the same latent", async () => {
  const [unseeded] = await picturesOf();
  expect(await picturesOf({ seed: unseeded?.seed })).toEqual([unseeded]);
});

test("fresh seeds come from the given source of randomness", async () => {
  expect((await picturesOf({ reuse: "fresh" }))[0]?.seed).toBe(123);
});

test("all that decides a latent's bytes, and whose it is, decides its id", async () => {
  const base = { seed: 1 };
  const ids = await Promise.all([
    picturesOf(base),
    picturesOf({ seed: 2 }),
    picturesOf({ ...base, steps: 7 }),
    picturesOf({ ...base, guidance_scale: 4 }),
    picturesOf(base, { cacheScope: "other" }),
    picturesOf(base, { tokenIds: [2, 8, 3] }),
  ]);
  expect(new Set(ids.map(([picture]) => picture?.latentId)).size).toBe(ids.length);
  expect(await picturesOf({ ...base, output_format: "webp", response_format: "url" })).toEqual(ids[0]);
});

test("a size, steps or guidance that the model lacks is refused by its public name", async () => {
  for (const [param, body] of Object.entries({
    size: { size: "128x128" },
    steps: { steps: 101 },
    guidance_scale: { guidance_scale: 0 },
  })) {
    expect(await plan(body)).toMatchObject({ ok: false, error: { code: "invalid_request", param } });
  }
});

test("other seeds change seeds and ids alone, and the ids are those of a request that names these seeds", async () => {
  const planned = await plan({ n: 2 });
  if (!planned.ok) throw new TypeError("The test's request is not valid.");
  const reseeded = await withSeeds(planned.value, [7, 8], "s".repeat(32));
  expect(reseeded).toEqual({ ...planned.value, pictures: await picturesOf({ n: 2, seed: 7 }) });
  const same = planned.value.pictures.map(({ seed }) => seed);
  expect(await withSeeds(planned.value, same, "s".repeat(32))).toBe(planned.value);
});
