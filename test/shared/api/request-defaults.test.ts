import { expect, test } from "vitest";
import { withDefaults } from "../../../shared/api/request-defaults.ts";

const defaults = { reuse: "fresh", size: "64x64", output_format: "webp", response_format: "url" } as const;

test("a key's defaults fill in what a body leaves out or has as null", () => {
  expect(withDefaults({ prompt: "a", size: null }, defaults)).toEqual({ prompt: "a", ...defaults });
});

test("what a body says itself wins, also in extra_body", () => {
  const body = { prompt: "a", reuse: "prefer", size: "32x32", output_format: "png", response_format: "b64_json" };
  expect(withDefaults(body, defaults)).toEqual(body);
  const nested = { prompt: "a", extra_body: { reuse: "prefer" } };
  expect(withDefaults(nested, { reuse: "fresh" })).toBe(nested);
});

test("width and height stand for a size, and a stream holds its pictures", () => {
  const body = { prompt: "a", width: 32, height: 32, stream: true };
  expect(withDefaults(body, defaults)).toEqual({ ...body, reuse: "fresh", output_format: "webp" });
});

test("the size auto leaves the size to the key", () => {
  expect(withDefaults({ prompt: "a", size: "auto" }, { size: "64x64" })).toEqual({ prompt: "a", size: "64x64" });
  expect(withDefaults({ prompt: "a", size: "auto" }, { reuse: "fresh" })).toMatchObject({ size: "auto" });
});

test("what is no object is left to the schema, and so is everything under a key without defaults", () => {
  for (const body of [null, "a", [1], 7]) expect(withDefaults(body, defaults)).toBe(body);
  const body = { prompt: "a" };
  expect(withDefaults(body, undefined)).toBe(body);
});
