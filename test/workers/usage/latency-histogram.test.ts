import { expect, test } from "vitest";
import { bucketOf, percentile, percentileError, unmeasured } from "../../../workers/usage/latency-histogram.ts";

/** A generator with a fixed seed (mulberry32). */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function histogramOf(durations: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const duration of durations) counts.set(bucketOf(duration), (counts.get(bucketOf(duration)) ?? 0) + 1);
  return counts;
}

/** By nearest rank, from the durations themselves. */
function exact(durations: readonly number[], share: number): number {
  return durations.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * durations.length) - 1)] ?? 0;
}

test.each([
  ["uniform", (random: () => number) => 1 + 999 * random()],
  [
    "log-normal",
    (random: () => number) => Math.exp(6 + 1.5 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(7 * random())),
  ],
  ["of two kinds", (random: () => number) => (random() < 0.9 ? 5 + random() : 9_000 + 100 * random())],
] as const)("percentiles of %s durations are within the stated error of the exact ones", (_name, draw) => {
  const random = randoms(7);
  const durations = Array.from({ length: 3_000 }, () => Math.min(Math.max(draw(random), 1), 1_000_000));
  const histogram = histogramOf(durations);
  for (const share of [0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
    const ratio = (percentile(histogram, share) ?? 0) / exact(durations, share);
    expect(Math.max(ratio, 1 / ratio)).toBeLessThanOrEqual(1 + percentileError + 1e-9);
  }
  expect(percentileError).toBeLessThan(0.045);
});

test("there is no percentile of nothing, nor of requests that nobody waited for", () => {
  expect(percentile(new Map(), 0.5)).toBeUndefined();
  expect(percentile(new Map([[unmeasured, 9]]), 0.5)).toBeUndefined();
});

test("every duration has one of 161 buckets", () => {
  const buckets = [0, 0.2, 1, 1e9, Number.POSITIVE_INFINITY].map(bucketOf);
  expect(buckets).toEqual([0, 0, 0, 160, 160]);
});
