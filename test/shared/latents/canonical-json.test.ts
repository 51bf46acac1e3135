import { expect, test } from "vitest";
import { canonicalJson } from "../../../shared/latents/canonical-json.ts";

test("the order in which members were added does not show, at any depth", () => {
  expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null } })).toBe('{"a":{"c":null,"d":[1,2]},"b":1}');
  expect(canonicalJson({ a: { c: null, d: [1, 2] }, b: 1 })).toBe('{"a":{"c":null,"d":[1,2]},"b":1}');
});

test("the order of list entries shows", () => {
  expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
});

test("equal numbers have one spelling", () => {
  expect(canonicalJson([4.0, -0, 1e21, 0.1])).toBe("[4,0,1e+21,0.1]");
});

test("text is escaped, so that no value can pass for structure", () => {
  expect(canonicalJson({ a: '","b":"' })).toBe('{"a":"\\",\\"b\\":\\""}');
});

test("a number that JSON cannot hold is refused", () => {
  expect(() => canonicalJson([Number.NaN])).toThrow(/finite/u);
  expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).toThrow(/finite/u);
});
