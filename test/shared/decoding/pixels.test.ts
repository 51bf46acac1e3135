import { expect, test } from "vitest";
import { leadingOnes, padRows } from "../../../gpu-backend/tensor/rows.ts";
import { onWhite, toPixels } from "../../../shared/decoding/pixels.ts";

function firstByteOf(value: number): number | undefined {
  const planes = { values: Float32Array.of(value, 0, 0), planeHeight: 1, planeWidth: 1 };
  return toPixels(planes, { width: 1, height: 1 }).data[0];
}

test("planes become rows of red, green, blue, cut to the wanted size from the upper left", () => {
  const values = Float32Array.from({ length: 3 * 2 * 3 }, (_, i) => i / 255);
  const pixels = toPixels({ values, planeHeight: 2, planeWidth: 3 }, { width: 2, height: 1 });
  expect(pixels).toEqual({ width: 2, height: 1, data: Uint8Array.of(0, 6, 12, 1, 7, 13) });
});

test.each<[number, number]>([
  [-3, 0],
  [7, 255],
  [0.5, 128],
  [0.25, 64],
  [0.1, 26],
  [2.5 / 255, 2],
  [3.5 / 255, 4],
])("the colour %f becomes the byte %d", (value, byte) => {
  expect(firstByteOf(value)).toBe(byte);
});

test("on white, what is transparent is white whatever colour it has, and an opaque picture stays itself", () => {
  const pixels = { width: 3, height: 1, data: Uint8Array.of(9, 8, 7, 0, 9, 8, 7, 255, 0, 100, 255, 51) };
  expect(onWhite(pixels)).toEqual({ width: 3, height: 1, data: Uint8Array.of(255, 255, 255, 9, 8, 7, 204, 224, 255) });
  const opaque = { width: 1, height: 1, data: Uint8Array.of(9, 8, 7) };
  expect(onWhite(opaque)).toBe(opaque);
});

test("rows are followed by zeros, and the mask says how many are real", () => {
  expect(Array.from(padRows(Float32Array.of(1, 2, 3, 4), 2, 3))).toEqual([1, 2, 3, 4, 0, 0]);
  expect(Array.from(leadingOnes(2, 4))).toEqual([1, 1, 0, 0]);
});
