import { fromFloat16Bits, toFloat16Bits } from "./float16.ts";
import type { LatentShape } from "./latent-key.ts";

/** How a latent's values can be stored: 2 bytes each, or 1 byte each and a scale a channel. */
export const latentEncodings = ["float16", "int8"] as const;

/** One of them. */
export type LatentEncoding = (typeof latentEncodings)[number];

/** Values as they stand in a file, in (channels, height, width) order. */
export interface StoredValues {
  readonly bytes: Uint8Array;
  /** What the file's metadata must say for them to be read again: the scales of the channels, for int8. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One encoding as a safetensors file names and holds it. */
export interface ValueCodec {
  /** The form of the file; a reader that does not know it refuses it. */
  readonly format: string;
  readonly dtype: "F16" | "I8";
  readonly bytesPerValue: number;
  /** Undefined when a value is not finite once it is stored. */
  write(values: Float32Array, shape: LatentShape): StoredValues | undefined;
  /**
   * Undefined when a value is not finite, or the metadata does not fit. `stored.bytes` has the length that the shape
   * asks for.
   */
  read(stored: StoredValues, shape: LatentShape): Float32Array | undefined;
}

/** The largest magnitude that a signed byte holds on both sides of zero. */
const int8Max = 127;

const scalesKey = "scales";

/** How each encoding writes and reads. Little-endian. */
export const valueCodecs: Readonly<Record<LatentEncoding, ValueCodec>> = {
  float16: {
    format: "wuerstchen-edge/latent@1",
    dtype: "F16",
    bytesPerValue: 2,
    write: (values) => {
      const bits = toFloat16Bits(values);
      return bits.every(isFiniteFloat16) ? { bytes: toBytes(bits), metadata: {} } : undefined;
    },
    read: ({ bytes }) => {
      const bits = toBits(bytes);
      return bits.every(isFiniteFloat16) ? fromFloat16Bits(bits) : undefined;
    },
  },
  int8: { format: "wuerstchen-edge/latent@2", dtype: "I8", bytesPerValue: 1, write: writeInt8, read: readInt8 },
};

/** Each channel's largest magnitude becomes 127; rounding errors are at most half its scale. */
function writeInt8(values: Float32Array, shape: LatentShape): StoredValues | undefined {
  const planes = planesOf(values, shape);
  const largest = planes.map((plane) => plane.reduce((max, value) => Math.max(max, Math.abs(value)), 0));
  const scales = largest.map((magnitude) => Math.fround(magnitude / int8Max));
  if (!scales.every(isScale)) return undefined;
  const bytes = new Int8Array(values.length);
  let index = 0;
  for (const [channel, plane] of planes.entries()) {
    const scale = scales[channel] || 1;
    for (const value of plane) {
      bytes[index] = Math.max(-int8Max, Math.min(int8Max, Math.round(value / scale)));
      index += 1;
    }
  }
  return { bytes: new Uint8Array(bytes.buffer), metadata: { [scalesKey]: scales.map(scaleText).join(",") } };
}

function readInt8({ bytes, metadata }: StoredValues, shape: LatentShape): Float32Array | undefined {
  const scales = (metadata[scalesKey] ?? "").split(",").map(readScale);
  if (scales.length !== shape[0] || scales.includes(undefined)) return undefined;
  const values = Float32Array.from(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  for (const [channel, plane] of planesOf(values, shape).entries()) {
    const scale = scales[channel] ?? 0;
    plane.forEach((value, index) => {
      plane[index] = value * scale;
    });
  }
  return values;
}

/** Nine digits hold every float32 exactly. */
function scaleText(scale: number): string {
  return String(Number(scale.toPrecision(9)));
}

/** Undefined for what is no number ≥ 0, and for one that is too large. */
function readScale(text: string): number | undefined {
  if (!/^\d{1,21}(\.\d{1,24})?(e[+-]\d{1,2})?$/u.test(text)) return undefined;
  const scale = Math.fround(Number(text));
  return isScale(scale) ? scale : undefined;
}

/** Whether its products with all bytes are finite. Not so for NaN. */
function isScale(scale: number): boolean {
  return Number.isFinite(Math.fround(scale * 128));
}

/** Views on the channels, in their order. */
function planesOf(values: Float32Array, [channels, height, width]: LatentShape): Float32Array[] {
  const length = height * width;
  return Array.from({ length: channels }, (_, channel) => values.subarray(channel * length, (channel + 1) * length));
}

function toBytes(bits: Uint16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(bits.length * 2));
  for (const [index, value] of bits.entries()) view.setUint16(index * 2, value, true);
  return new Uint8Array(view.buffer);
}

function toBits(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(index * 2, true));
}

function isFiniteFloat16(bits: number): boolean {
  return (bits & 0x7c00) !== 0x7c00;
}
