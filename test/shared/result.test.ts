import { expect, test } from "vitest";
import { err, ok } from "../../shared/result.ts";

test("a result is either a value or a reason, never both", () => {
  expect(ok(1)).toEqual({ ok: true, value: 1 });
  expect(err("why")).toEqual({ ok: false, error: "why" });
});
