import fc from "fast-check";
import { expect, test } from "vitest";
import { pipelineVersion } from "../../../shared/latents/latent-key.ts";
import { likenessOf, tokenDistance } from "../../../shared/latents/prompt-likeness.ts";

const secret = "s".repeat(32);
const recipe = {
  modelRevision: "r1",
  tokenIds: [2, 4, 7, 4, 3],
  negativeTokenIds: [2, 3],
  latentShape: [16, 4, 4] as const,
  steps: 6,
  guidanceScale: 3,
  sampler: "ddim",
  pipelineVersion,
  cacheScope: "account",
};

const likeness = (fields: object = {}, key = secret) => likenessOf(key, { ...recipe, ...fields }, [2, 3]);

test("distance counts each token as often as it stands there: what is not in both ÷ what is in either", () => {
  expect(tokenDistance(["a", "b", "c", "d"], ["a", "b", "c", "d"])).toBe(0);
  expect(tokenDistance(["a", "b", "c", "d"], ["a", "b", "c", "d", "e"])).toBe(0.2);
  expect(tokenDistance(["a", "a", "b"], ["a", "b", "b"])).toBe(0.5);
  expect(tokenDistance(["a"], ["b"])).toBe(1);
});

test("distance is the same from either side, within 0…1, and 0 only for the same tokens", () => {
  const tokens = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 }).map((list) => list.sort());
  fc.assert(
    fc.property(tokens, tokens, (a, b) => {
      const distance = tokenDistance(a, b);
      expect(distance).toBe(tokenDistance(b, a));
      expect(distance).toBeGreaterThanOrEqual(0);
      expect(distance).toBeLessThanOrEqual(1);
      expect(distance === 0).toBe(a.join() === b.join());
    }),
  );
});

test("a prompt's likeness is the same in any order of its words, without what the model puts around them", async () => {
  const { terms, tokens } = await likeness();
  expect(tokens).toHaveLength(3);
  expect(new Set(tokens).size).toBe(2);
  expect(await likeness({ tokenIds: [2, 4, 4, 7, 3] })).toEqual({ terms, tokens });
});

test.each([{ steps: 7 }, { cacheScope: "other" }, { negativeTokenIds: [2, 9, 3] }, { modelRevision: "r2" }])(
  "the same prompt shares no digest with itself under %j",
  async (fields) => {
    const [one, other] = [await likeness(), await likeness(fields)];
    expect(other.terms).not.toBe(one.terms);
    expect(tokenDistance(one.tokens, other.tokens)).toBe(1);
  },
);

test("a likeness tells nothing without the secret", async () => {
  const [one, other] = [await likeness(), await likeness({}, "t".repeat(32))];
  expect(tokenDistance(one.tokens, other.tokens)).toBe(1);
});
