import { expect, test } from "vitest";
import { createRunTimes } from "../../../gpu-backend/runtime/run-times.ts";

/** Times of runs that take `fixed + slope × rows` milliseconds, of several sizes. */
function learned(fixed: number, slope: number) {
  const times = createRunTimes();
  for (let round = 0; round < 20; round += 1) {
    for (const rows of [2, 4, 8, 16]) times.observe("key", rows, fixed + slope * rows);
  }
  return times;
}

test("nothing limits the company of a graph that has never run", () => {
  expect(createRunTimes().rowsWithin("key", 2, 2)).toBe(Number.POSITIVE_INFINITY);
});

test("where each row takes its time, a run may take twice as long with as many rows again", () => {
  expect(learned(0, 7).rowsWithin("key", 2, 2)).toBe(4);
  expect(learned(0, 7).rowsWithin("key", 3, 2)).toBe(6);
  expect(learned(0, 7).rowsWithin("key", 4, 1.25)).toBe(5);
});

test("where rows cost little, many may join: 20 ms and half a millisecond a row", () => {
  // Alone: 21 ms. Twice that: 44 rows.
  expect(learned(20, 0.5).rowsWithin("key", 2, 2)).toBe(44);
});

test("where rows cost nothing, all may join", () => {
  expect(learned(20, 0).rowsWithin("key", 2, 2)).toBe(Number.POSITIVE_INFINITY);
});

test("after runs of one size alone, time is taken to grow with the rows", () => {
  const times = createRunTimes();
  times.observe("key", 2, 14);
  times.observe("key", 2, 15);
  expect(times.rowsWithin("key", 2, 2)).toBe(4);
  expect(times.rowsWithin("other", 2, 2)).toBe(Number.POSITIVE_INFINITY);
});
