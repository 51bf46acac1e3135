import { describe, expect, test } from "vitest";
import {
  canonicalModelName,
  modelIdCharactersMax,
  modelIdPattern,
  modelsInsteadOf,
} from "../../../shared/models/model-name.ts";

/** 0.05 to 1.5 in steps of 0.05, as a person writes them. */
const strengths = Array.from({ length: 30 }, (_, index) => String((index + 1) / 20));

test("every strength from 0.05 to 1.5 in steps of 0.05 has one spelling, and 1 has none", () => {
  const named = strengths.map((strength) => canonicalModelName(`m+a:${strength}`));
  expect(named.every((name) => modelIdPattern.test(name))).toBe(true);
  expect(new Set(named).size).toBe(30);
  expect(named[19]).toBe("m+a");
});

test.each([
  ["m+a:0.80", "m+a:0.8"],
  ["m+a:1.0", "m+a"],
  ["m+a:1@0123", "m+a@0123"],
  ["m+a:0.50@0123", "m+a:0.5@0123"],
  ["m+a", "m+a"],
  ["m", "m"],
  ["gpt:1", "gpt:1"],
  ["m@a+b:1.0", "m@a+b:1.0"],
])("%s is %s", (name, canonical) => {
  expect(canonicalModelName(name)).toBe(canonical);
});

describe("no model is called", () => {
  test.each(["m+a:1", "m+a:0.80", "m+a:0.83", "m+a:0", "m+a:1.55", "m+a:-1", "m+a:", "m+", "+a", "m:0.8", "m+a+b"])(
    "%s",
    (id) => {
      expect(modelIdPattern.test(id)).toBe(false);
    },
  );
});

test("the longest id, with a revision, fits what a request may name", () => {
  const longest = `${"m".repeat(64)}+${"a".repeat(32)}:0.05`;
  expect(modelIdPattern.test(longest)).toBe(true);
  expect(longest).toHaveLength(modelIdCharactersMax);
  expect(`${longest}@0123456789abcdef`.length).toBeLessThanOrEqual(128);
  expect(modelIdPattern.test(`${"m".repeat(64)}+${"a".repeat(33)}`)).toBe(false);
});

test("who gave a strength that there is not is told of those that there are, and of all models otherwise", () => {
  const ids = ["m", "m+a", "m+a:0.5", "m+b:0.5", "n+a"];
  expect(modelsInsteadOf("m+a:0.8", ids)).toEqual(["m+a", "m+a:0.5"]);
  expect(modelsInsteadOf("m+a:0.8@0123", ids)).toEqual(["m+a", "m+a:0.5"]);
  expect(modelsInsteadOf("m+c", ids)).toEqual(ids);
  expect(modelsInsteadOf("x", ids)).toEqual(ids);
});
