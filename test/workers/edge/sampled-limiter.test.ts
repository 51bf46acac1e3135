import { expect, test } from "vitest";
import { createSampledLimiter } from "../../../workers/edge/sampled-limiter.ts";

const periodMs = 10_000;

function limiterOf(allowed: number) {
  const world = { asked: [] as string[], nowMs: 0 };
  const limit = async ({ key }: RateLimitOptions) => ({ success: world.asked.push(key) <= allowed });
  return { world, limiter: createSampledLimiter({ limit }, periodMs, () => world.nowMs) };
}

test("of a name's requests, the first and every sixteenth are counted, however many come at once", async () => {
  const { world, limiter } = limiterOf(100);
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => limiter.limit({ key: "a" })));
  expect(outcomes.every(({ success }) => success)).toBe(true);
  expect(world.asked).toEqual(["a", "a", "a"]);
  await limiter.limit({ key: "b" });
  expect(world.asked).toEqual(["a", "a", "a", "b"]);
});

test("who is refused stays so for the period without another question, and others do not", async () => {
  const { world, limiter } = limiterOf(1);
  expect(await limiter.limit({ key: "a" })).toEqual({ success: true });
  expect(await limiter.limit({ key: "b" })).toEqual({ success: false });
  world.nowMs = periodMs - 1;
  expect(await limiter.limit({ key: "b" })).toEqual({ success: false });
  expect(await limiter.limit({ key: "a" })).toEqual({ success: true });
  expect(world.asked).toEqual(["a", "b"]);
});

test("after the period the next request is counted, so that a flood goes on being refused", async () => {
  const { world, limiter } = limiterOf(0);
  for (let period = 1; period <= 3; period += 1) {
    for (let i = 0; i < 20; i += 1) expect(await limiter.limit({ key: "a" })).toEqual({ success: false });
    expect(world.asked).toHaveLength(period);
    world.nowMs += periodMs;
  }
});
