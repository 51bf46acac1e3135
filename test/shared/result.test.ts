import { expect, test } from "vitest";
import { allOf, err, ok } from "../../shared/result.ts";

test("a result is either a value or a reason, never both", () => {
  expect(ok(1)).toEqual({ ok: true, value: 1 });
  expect(err("why")).toEqual({ ok: false, error: "why" });
});

test("of several results all values count, or the first reason", () => {
  expect(allOf([ok(1), ok(2)])).toEqual(ok([1, 2]));
  expect(allOf([ok(1), err("first"), err("second")])).toEqual(err("first"));
});
