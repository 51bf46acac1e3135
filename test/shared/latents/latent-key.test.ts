import { describe, expect, test } from "vitest";
import { derivedSeed, type LatentRecipe, latentKey, pipelineVersion } from "../../../shared/latents/latent-key.ts";
import { seedMax } from "../../../shared/limits.ts";

const secret = "s".repeat(32);
const recipe: LatentRecipe = {
  modelRevision: "r1",
  tokenIds: [0, 17, 2],
  negativeTokenIds: [0, 2],
  latentShape: [16, 8, 8],
  seed: 42,
  steps: 20,
  guidanceScale: 4,
  sampler: "ddim",
  pipelineVersion,
  cacheScope: "account:1",
};

describe("latentKey", () => {
  test("a recipe's key never changes between releases", async () => {
    expect(await latentKey(secret, { ...recipe, pipelineVersion: 1 })).toBe(
      "857edf22efce3b87a0c817a0032e1248c324b5375baecda9120cbcb15df68899",
    );
  });

  test("the order of a recipe's fields does not matter", async () => {
    const reversed = Object.fromEntries(Object.entries(recipe).reverse());
    expect(await latentKey(secret, { ...recipe, ...reversed })).toBe(await latentKey(secret, recipe));
  });

  test.each<Partial<LatentRecipe>>([
    { modelRevision: "r2" },
    { tokenIds: [0, 2, 17] },
    { tokenIds: [0, 17], negativeTokenIds: [2, 0, 2] },
    { negativeTokenIds: [0, 1, 2] },
    { latentShape: [16, 8, 4] },
    { seed: 43 },
    { steps: 21 },
    { guidanceScale: 4.5 },
    { sampler: "ddpm" },
    { pipelineVersion: 2 },
    { cacheScope: "account:2" },
  ])("%o gives another key", async (change) => {
    expect(await latentKey(secret, { ...recipe, ...change })).not.toBe(await latentKey(secret, recipe));
  });

  test("another secret gives another key", async () => {
    expect(await latentKey("t".repeat(32), recipe)).not.toBe(await latentKey(secret, recipe));
  });
});

describe("derivedSeed", () => {
  test("a repeated request gets the same seeds, and each picture its own", async () => {
    const seeds = await Promise.all([0, 1, 2].map((index) => derivedSeed(secret, recipe, index)));
    expect(await derivedSeed(secret, recipe, 1)).toBe(seeds[1]);
    expect(new Set(seeds).size).toBe(3);
  });

  test("seeds are whole numbers from 0 to 2^32 - 1", async () => {
    for (let index = 0; index < 20; index += 1) {
      const seed = await derivedSeed(secret, recipe, index);
      expect(Number.isInteger(seed) && seed >= 0 && seed <= seedMax).toBe(true);
    }
  });

  test("a seed that slipped into the recipe has no influence", async () => {
    const { seed: _, ...seedless } = recipe;
    expect(await derivedSeed(secret, recipe, 0)).toBe(await derivedSeed(secret, seedless, 0));
  });

  test("another scope gets other seeds, so that they tell nothing across accounts", async () => {
    const other = { ...recipe, cacheScope: "account:2" };
    expect(await derivedSeed(secret, other, 0)).not.toBe(await derivedSeed(secret, recipe, 0));
  });
});
