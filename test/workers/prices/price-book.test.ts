import { describe, expect, test } from "vitest";
import {
  decodeLine,
  generationLines,
  hitLine,
  type PricedWork,
  pictureCeilingMicroUsd,
  sumMicroUsd,
} from "../../../workers/prices/price-book.ts";

const large: PricedWork = { steps: 20, latentShape: [16, 24, 24], pixels: 1024 * 1024 };
const small: PricedWork = { steps: 1, latentShape: [16, 1, 1], pixels: 1 };

describe("the prices, version 1", () => {
  test("of a picture of 1024×1024 with 20 steps", () => {
    expect(generationLines("a", large)).toEqual([
      { kind: "generation", latentId: "a", microUsd: 2016 },
      { kind: "storage", latentId: "a", microUsd: 1 },
    ]);
    expect(hitLine("a", large)).toEqual({ kind: "hit", latentId: "a", microUsd: 20 });
    expect(decodeLine("a", large)).toEqual({ kind: "decode", latentId: "a", microUsd: 525 });
    expect(pictureCeilingMicroUsd(large)).toBe(2016 + 1 + 525);
  });

  test.each([
    ["a large picture", large],
    ["the smallest picture", small],
    ["a picture of odd sides", { steps: 7, latentShape: [16, 3, 5], pixels: 128 * 213 } satisfies PricedWork],
  ])("are whole, positive, and never above the ceiling, for %s", (_, work) => {
    const generated = [...generationLines("a", work), decodeLine("a", work)];
    const hit = [hitLine("a", work), decodeLine("a", work)];
    for (const { microUsd } of [...generated, ...hit]) {
      expect(Number.isInteger(microUsd)).toBe(true);
      expect(microUsd).toBeGreaterThan(0);
    }
    expect(sumMicroUsd(hit)).toBeLessThanOrEqual(sumMicroUsd(generated));
    expect(sumMicroUsd(generated)).toBe(pictureCeilingMicroUsd(work));
  });

  test("of generation are in proportion to steps and to the latent's area", () => {
    const price = (steps: number, side: number) =>
      generationLines("a", { ...large, steps, latentShape: [16, side, side] })[0]?.microUsd;
    expect(price(40, 24)).toBe(2 * 2016);
    expect(price(20, 48)).toBe(4 * 2016);
  });
});
