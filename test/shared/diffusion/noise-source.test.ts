import { describe, expect, test } from "vitest";
import { createMt19937 } from "../../../shared/diffusion/mt19937.ts";
import { createNoiseSource } from "../../../shared/diffusion/noise-source.ts";
import golden from "../../golden/diffusion.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";

/** What PyTorch's vectorised logarithm and sine leave open. */
const tolerance = 4e-7;

describe("noise equals PyTorch's", () => {
  test.each(golden.noise)("for seed $seed and draws of $counts", ({ seed, counts, float32Hex }) => {
    const source = createNoiseSource(seed);
    for (const [index, count] of counts.entries()) {
      expect(differenceMax(source.draw(count), fromFloat32Hex(float32Hex[index] ?? ""))).toBeLessThanOrEqual(tolerance);
    }
  });

  test("for the seed that everybody knows", () => {
    const [first, second, third] = createNoiseSource(42).draw(1024);
    expect(first).toBeCloseTo(1.926_915_29, 6);
    expect(second).toBeCloseTo(1.487_284_06, 6);
    expect(third).toBeCloseTo(0.900_717_2, 6);
  });
});

test("two sources of one seed are independent of each other", () => {
  const [one, other] = [createNoiseSource(7), createNoiseSource(7)];
  one.draw(3);
  expect(one.draw(64)).not.toEqual(other.draw(64));
  expect(createNoiseSource(7).draw(64)).toEqual(createNoiseSource(7).draw(64));
});

test("the generator is the Mersenne Twister: its 10,000th number for seed 5489 is the one in the C++ standard", () => {
  const words = createMt19937(5489);
  for (let i = 1; i < 10_000; i += 1) words.next();
  expect(words.next()).toBe(4_123_659_995);
});
