import { expect, test } from "vitest";
import { fromStored, toStored } from "../../../shared/decoding/latent-space.ts";

const x = Float32Array.of(0, 0.25, 1, -0.5, 0.1);

test("a latent is stored as scale · x + offset, rounded to float32 after each operation", () => {
  expect(toStored({ scale: 42, offset: -1 }, x)).toEqual(
    Float32Array.of(-1, 9.5, 41, -22, Math.fround(42 * Math.fround(0.1)) - 1),
  );
});

test("where sampling starts from what is stored, the way back leads to the same x", () => {
  const space = { scale: 42, offset: -1 };
  for (const [index, value] of fromStored(space, toStored(space, x)).entries())
    expect(value).toBeCloseTo(x[index] ?? 0, 6);
});

test("a latent that is stored as it is sampled keeps every bit, a negative zero's too", () => {
  const values = Float32Array.of(-0, 1 / 3);
  const space = { scale: 1, offset: 0 };
  expect(Object.is(toStored(space, values)[0], -0)).toBe(true);
  expect(fromStored(space, values)).toEqual(values);
});
