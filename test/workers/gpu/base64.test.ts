import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "../../../workers/gpu/base64.ts";

test("bytes of any value and length survive base64", () => {
  for (const length of [0, 1, 2, 3, 0x1fff, 0x2000, 0x2001, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  }
});

test("the text is standard base64 with padding", () => {
  expect(toBase64(Uint8Array.of(251, 255))).toBe("+/8=");
});
