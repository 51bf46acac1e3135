// IEEE 754 binary16 by hand: `Float16Array` is missing from the runtimes' common ground.

const mantissaBitsLost = 13;
const float16Infinity = 0x7c00;

/**
 * float32 → float16 bits, rounded to nearest with ties to even, as numpy and PyTorch round. Magnitudes from 65520 on
 * become infinity; every NaN becomes the one quiet NaN of its sign.
 */
export function toFloat16Bits(values: Float32Array): Uint16Array<ArrayBuffer> {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(source, roundToFloat16);
}

/** float16 bits → float32, exact. */
export function fromFloat16Bits(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, widenFloat16);
}

function roundToFloat16(float32Bits: number): number {
  const sign = (float32Bits >>> 16) & 0x8000;
  const magnitude = float32Bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  if (magnitude >= 0x477f_f000) return sign | float16Infinity;
  if (magnitude < 0x3880_0000) return sign | roundToSubnormal(magnitude);
  // Rebias the exponent by 127 − 15; a carry out of the mantissa rightly moves into it.
  const rebiased = magnitude - 0x3800_0000;
  const isOdd = (rebiased >>> mantissaBitsLost) & 1;
  return sign | ((rebiased + 0xfff + isOdd) >>> mantissaBitsLost);
}

/** Magnitudes below 2⁻¹⁴ are counted in units of 2⁻²⁴, the smallest float16. */
function roundToSubnormal(magnitude: number): number {
  if (magnitude <= 0x3300_0000) return 0;
  const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000;
  const shift = 126 - (magnitude >>> 23);
  const units = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (units & 1) === 1) ? units + 1 : units;
}

function widenFloat16(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (0x400 + mantissa) * 2 ** (exponent - 25);
}
