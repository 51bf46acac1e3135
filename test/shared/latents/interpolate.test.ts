import { expect, test } from "vitest";
import { createNoiseSource } from "../../../shared/diffusion/noise-source.ts";
import { interpolate } from "../../../shared/latents/interpolate.ts";
import { differenceMax } from "../../support/float32-hex.ts";

const a = createNoiseSource(1).draw(1024);
const b = createNoiseSource(2).draw(1024);
const norm = (values: Float32Array) => Math.hypot(...values);
const angle = (x: Float32Array, y: Float32Array) =>
  Math.acos(x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0) / norm(x) / norm(y));

test("both ends are the latents themselves", () => {
  expect(differenceMax(interpolate(a, b, 0), a)).toBeLessThanOrEqual(1e-6);
  expect(differenceMax(interpolate(a, b, 1), b)).toBeLessThanOrEqual(1e-6);
});

test("in between the way is covered evenly, and nothing becomes pale", () => {
  const whole = angle(a, b);
  for (const t of [0.1, 0.25, 0.5, 0.9]) {
    const between = interpolate(
      a,
      b.map((value) => (value * norm(a)) / norm(b)),
      t,
    );
    expect(angle(a, between)).toBeCloseTo(t * whole, 4);
    expect(norm(between)).toBeCloseTo(norm(a), 3);
  }
});

test("from a latent to itself, to its opposite and to nothing there is a finite way", () => {
  expect(interpolate(a, a, 0.3).every((value, i) => Math.abs(value - (a[i] ?? 0)) < 1e-6)).toBe(true);
  for (const other of [a.map((value) => -value), new Float32Array(a.length)]) {
    expect(interpolate(a, other, 0.3).every(Number.isFinite)).toBe(true);
  }
});
