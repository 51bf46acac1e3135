import { fromHex } from "../../shared/hex.ts";

/** The float32 values behind little-endian hexadecimal, as the golden scripts write them. */
export function fromFloat32Hex(hex: string): Float32Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error("A golden file holds a text that is not hexadecimal.");
  return new Float32Array(bytes.buffer);
}

/** The largest absolute difference; infinite when the lengths differ or a value is not a number. */
export function differenceMax(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}
