import { expect, test } from "vitest";
import { fromHex } from "../../../shared/hex.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../../shared/latents/float16.ts";
import golden from "../../golden/float16.json" with { type: "json" };

function buffer(hex: string): ArrayBuffer {
  return (fromHex(hex) ?? new Uint8Array()).buffer;
}

test("rounding is numpy's, bit for bit: ties, overflow, subnormals and zeros included", () => {
  const values = new Float32Array(buffer(golden.float32Hex));
  expect(values.length).toBeGreaterThan(200);
  expect(toFloat16Bits(values)).toEqual(new Uint16Array(buffer(golden.float16Hex)));
});

test("every finite float16 survives the way through float32", () => {
  const bits = Uint16Array.from({ length: 0x10000 }, (_, index) => index).filter((half) => (half & 0x7c00) !== 0x7c00);
  expect(toFloat16Bits(fromFloat16Bits(bits))).toEqual(bits);
});

test("infinities keep their sign, and a NaN stays one", () => {
  expect(fromFloat16Bits(Uint16Array.of(0x7c00, 0xfc00))).toEqual(Float32Array.of(Infinity, -Infinity));
  expect(fromFloat16Bits(toFloat16Bits(Float32Array.of(Number.NaN)))[0]).toBeNaN();
});

test("a view into a larger buffer is read from its own start", () => {
  const whole = Float32Array.of(1, 2, 3);
  expect(toFloat16Bits(whole.subarray(1))).toEqual(toFloat16Bits(Float32Array.of(2, 3)));
});
