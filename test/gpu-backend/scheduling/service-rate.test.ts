import { expect, test } from "vitest";
import { createServiceRate } from "../../../gpu-backend/scheduling/service-rate.ts";

test("work that was never measured is taken for a second a task", () => {
  expect(createServiceRate().estimateMs("stage-c", 40)).toBe(1_000);
});

test("the first measurement counts in full, and each kind of work for itself", () => {
  const rate = createServiceRate();
  rate.observe("stage-c", 40, 200);
  expect(rate.estimateMs("stage-c", 100)).toBe(500);
  expect(rate.estimateMs("decode", 1)).toBe(1_000);
});

test("a device that becomes slower is believed gradually", () => {
  const rate = createServiceRate();
  rate.observe("decode", 1, 100);
  rate.observe("decode", 1, 200);
  expect(rate.estimateMs("decode", 1)).toBeCloseTo(120);
  for (let i = 0; i < 50; i += 1) rate.observe("decode", 1, 200);
  expect(rate.estimateMs("decode", 1)).toBeCloseTo(200, 1);
});
