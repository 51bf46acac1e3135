import { expect, test } from "vitest";
import { type BodyHolder, createBodyBudget } from "../../../workers/edge/body-budget.ts";

const mebibyte = 1024 * 1024;

/** How many whole mebibytes there is room for, which are then taken. */
function filled(budget: ReturnType<typeof createBodyBudget>, holder: BodyHolder): number {
  const lease = budget.open(holder);
  let count = 0;
  while (lease.reserve(mebibyte)) count += 1;
  return count;
}

test("an address has room for one file, all strangers for half of the isolate, and a caller for the other half", () => {
  const budget = createBodyBudget(() => 0);
  expect(filled(budget, { address: "a" })).toBe(16);
  expect(filled(budget, { address: "a" })).toBe(0);
  expect(filled(budget, { address: "b" })).toBe(8);
  expect(filled(budget, { address: "c" })).toBe(0);
  expect(filled(budget, { caller: "account" })).toBe(24);
  expect(filled(budget, { caller: "other" })).toBe(0);
});

test("room that is released is there again, once, however often it is released", () => {
  const budget = createBodyBudget(() => 0);
  const lease = budget.open({ caller: "account" });
  expect(lease.reserve(24 * mebibyte)).toBe(true);
  expect(lease.reserve(1)).toBe(false);
  lease.release();
  lease.release();
  expect(filled(budget, { caller: "account" })).toBe(24);
});

test("a body whose request was dropped without a word counts for two minutes, and takes no more room then", () => {
  let nowMs = 1_000;
  const budget = createBodyBudget(() => nowMs);
  const dropped = budget.open({ caller: "account" });
  expect(dropped.reserve(24 * mebibyte)).toBe(true);
  nowMs += 119_999;
  expect(filled(budget, { caller: "account" })).toBe(0);
  nowMs += 1;
  expect(filled(budget, { caller: "account" })).toBe(24);
  nowMs += 120_000;
  expect(filled(budget, { caller: "other" })).toBe(24);
  expect(dropped.reserve(1)).toBe(false);
});
