import fc from "fast-check";
import { expect, test } from "vitest";
import { RequestRates } from "../../../../workers/account/keys/request-rate.ts";

const nowMs = Date.UTC(2026, 10, 22);

test("a minute's worth may be sent at once, and then one for each part of the minute that passes", () => {
  const rates = new RequestRates();
  const take = (atMs: number) => rates.take("key", 60, nowMs + atMs);
  expect(take(0)).toEqual({ allowed: true, limit: 60, remaining: 59, resetMs: 1_000, retryAfterMs: 0 });
  for (let i = 1; i < 60; i += 1) expect(take(0).allowed).toBe(true);
  expect(take(0)).toEqual({ allowed: false, limit: 60, remaining: 0, resetMs: 60_000, retryAfterMs: 1_000 });
  expect(take(999).allowed).toBe(false);
  expect(take(1_000)).toMatchObject({ allowed: true, remaining: 0 });
  expect(take(61_000)).toMatchObject({ remaining: 59 });
});

test("keys do not share a bucket, and a clock that goes back gives nothing", () => {
  const rates = new RequestRates();
  expect(rates.take("a", 1, nowMs).allowed).toBe(true);
  expect(rates.take("a", 1, nowMs - 600_000).allowed).toBe(false);
  expect(rates.take("b", 1, nowMs).allowed).toBe(true);
});

test("in any minute no more than two minutes' worth pass, and who waits as told is let in", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), gaps, (limit, waits) => {
      const rates = new RequestRates();
      let atMs = nowMs;
      const passed: number[] = [];
      for (const wait of waits) {
        atMs += wait;
        const { allowed, retryAfterMs } = rates.take("key", limit, atMs);
        if (!allowed) {
          atMs += retryAfterMs + 1;
          expect(rates.take("key", limit, atMs).allowed).toBe(true);
        }
        passed.push(atMs);
        expect(passed.filter((time) => time > atMs - 60_000).length).toBeLessThanOrEqual(2 * limit);
      }
    }),
  );
});
