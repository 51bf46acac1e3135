import { expect, test } from "vitest";
import { createWeightedLruCache } from "../../../gpu-backend/pipeline/weighted-lru-cache.ts";

const cacheOf = (weightMax: number) => createWeightedLruCache<string>({ weightMax, weigh: (value) => value.length });

test("what was used longest ago leaves first, and reading is using", () => {
  const cache = cacheOf(6);
  cache.set("a", "11");
  cache.set("b", "22");
  cache.set("c", "33");
  cache.get("a");
  cache.set("d", "44");
  expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual(["11", undefined, "33", "44"]);
});

test("the bound is on the weight, and holds after every insertion", () => {
  const cache = cacheOf(6);
  cache.set("a", "1");
  cache.set("b", "1");
  cache.set("c", "55555");
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([undefined, "1", "55555"]);
});

test("a value beyond the bound is not kept", () => {
  const cache = cacheOf(3);
  cache.set("a", "4444");
  expect(cache.get("a")).toBeUndefined();
});

test("a value that replaces another gives its weight back", () => {
  const cache = cacheOf(4);
  cache.set("a", "4444");
  cache.set("a", "22");
  cache.set("b", "22");
  expect(["a", "b"].map((key) => cache.get(key))).toEqual(["22", "22"]);
});
