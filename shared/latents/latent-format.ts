import { z } from "zod";
import { latentFileBytesMax, latentHeaderBytesMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { canonicalJson } from "./canonical-json.ts";
import { fromFloat16Bits, toFloat16Bits } from "./float16.ts";
import type { LatentShape } from "./latent-key.ts";

// One latent is one safetensors file: 8 bytes of header length (little-endian), a JSON header padded with spaces to a
// multiple of 8, then the values as little-endian float16 in (channels, height, width) order.

const formatName = "wuerstchen-edge/latent@1";
const lengthBytes = 8;
const alignmentBytes = 8;
const valueBytes = 2;

/** What a latent file says about itself. All values are text, because safetensors allows nothing else. */
export interface LatentMetadata {
  readonly model: string;
  readonly revision: string;
  readonly seed: string;
  readonly [name: string]: string;
}

/** A Stage C latent in memory. */
export interface Latent {
  /** Length channels × height × width. */
  readonly values: Float32Array;
  readonly shape: LatentShape;
  readonly metadata: LatentMetadata;
}

/** Why bytes are not a latent of ours, or values cannot become one. `message` never quotes the bytes. */
export interface LatentFormatFault {
  readonly reason: "too_large" | "truncated" | "header" | "shape" | "not_finite";
  readonly message: string;
}

/**
 * A latent as safetensors bytes, which Python's `safetensors` opens. Values are rounded to float16.
 * Deterministic. Fails when the shape does not fit the values, or a value is not finite as float16 (|x| ≥ 65520).
 */
export function encodeLatent(latent: Latent): Result<Uint8Array<ArrayBuffer>, LatentFormatFault> {
  if (latent.values.length !== elementCount(latent.shape)) return fault("shape", "The shape does not fit the values.");
  const bits = toFloat16Bits(latent.values);
  if (!bits.every(isFiniteFloat16)) return fault("not_finite", "A value is not finite as float16.");
  const header = encodeHeader(latent);
  const file = new Uint8Array(lengthBytes + header.length + bits.length * valueBytes);
  if (file.length > latentFileBytesMax) return fault("too_large", `A latent has at most ${latentFileBytesMax} bytes.`);
  const view = new DataView(file.buffer);
  view.setUint32(0, header.length, true);
  file.set(header, lengthBytes);
  for (const [index, value] of bits.entries()) {
    view.setUint16(lengthBytes + header.length + index * valueBytes, value, true);
  }
  return ok(file);
}

/**
 * Reads what `encodeLatent` wrote, trusting nothing: length, header, dtype, shape, offsets, and that every value is
 * finite. Fails with the reason; a latent that is returned is whole.
 */
export function decodeLatent(file: Uint8Array): Result<Latent, LatentFormatFault> {
  if (file.length > latentFileBytesMax) return fault("too_large", `A latent has at most ${latentFileBytesMax} bytes.`);
  if (file.length < lengthBytes) return fault("truncated", "The file ends before its header.");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > latentHeaderBytesMax) return fault("header", `A header has at most ${latentHeaderBytesMax} bytes.`);
  const dataStart = lengthBytes + headerBytes;
  if (file.length < dataStart) return fault("truncated", "The file ends inside its header.");
  const header = parseHeader(file.subarray(lengthBytes, dataStart));
  if (header === undefined) return fault("header", `The header does not describe one ${formatName} tensor.`);
  const { shape, data_offsets: offsets } = header.latent;
  const dataBytes = elementCount(shape) * valueBytes;
  if (offsets[0] !== 0 || offsets[1] !== dataBytes) return fault("shape", "The offsets do not fit the shape.");
  if (file.length !== dataStart + dataBytes) return fault("truncated", "The file's length does not fit the shape.");
  const bits = readBits(view, dataStart, elementCount(shape));
  if (!bits.every(isFiniteFloat16)) return fault("not_finite", "A value is not finite.");
  const { format: _, ...metadata } = header.__metadata__;
  return ok({ values: fromFloat16Bits(bits), shape, metadata });
}

const sideSchema = z.int().min(1).max(latentFileBytesMax);

const headerSchema = z.strictObject({
  __metadata__: z
    .object({ format: z.literal(formatName), model: z.string(), revision: z.string(), seed: z.string() })
    .catchall(z.string()),
  latent: z.strictObject({
    dtype: z.literal("F16"),
    shape: z.tuple([sideSchema, sideSchema, sideSchema]),
    data_offsets: z.tuple([z.int(), z.int()]),
  }),
});

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> | undefined {
  try {
    return headerSchema.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))).data;
  } catch {
    // Bytes that are not UTF-8 or text that is not JSON: both mean "not our header".
    return undefined;
  }
}

/** Keys stand in the order in which the reference implementation writes them. */
function encodeHeader({ shape, metadata }: Latent): Uint8Array {
  const sortedMetadata = canonicalJson({ ...metadata, format: formatName });
  const tensor = JSON.stringify({ dtype: "F16", shape, data_offsets: [0, elementCount(shape) * valueBytes] });
  const json = new TextEncoder().encode(`{"__metadata__":${sortedMetadata},"latent":${tensor}}`);
  const header = new Uint8Array(Math.ceil(json.length / alignmentBytes) * alignmentBytes).fill(0x20);
  header.set(json);
  return header;
}

function readBits(view: DataView, start: number, count: number): Uint16Array {
  return Uint16Array.from({ length: count }, (_, index) => view.getUint16(start + index * valueBytes, true));
}

function isFiniteFloat16(bits: number): boolean {
  return (bits & 0x7c00) !== 0x7c00;
}

function elementCount([channels, height, width]: LatentShape): number {
  return channels * height * width;
}

function fault(reason: LatentFormatFault["reason"], message: string): Result<never, LatentFormatFault> {
  return err({ reason, message });
}
