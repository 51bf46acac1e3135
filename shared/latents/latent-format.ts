import { z } from "zod";
import { latentFileBytesMax, latentHeaderBytesMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { LatentShape } from "./latent-key.ts";
import { type LatentEncoding, type StoredValues, type ValueCodec, valueCodecs } from "./latent-values.ts";

// One latent is one safetensors file: 8 bytes of header length (little-endian), a JSON header padded with spaces to a
// multiple of 8, then the values in (channels, height, width) order. Its form, in the metadata, says how they are
// stored.

const lengthBytes = 8;
const alignmentBytes = 8;

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
 * A latent as safetensors bytes, which Python's `safetensors` opens. Values are rounded to float16, or to int8 with a
 * scale a channel. Deterministic. Fails when the shape does not fit the values, or a value is not finite once stored
 * (as float16: |x| ≥ 65520).
 */
export function encodeLatent(
  latent: Latent,
  encoding: LatentEncoding = "float16",
): Result<Uint8Array<ArrayBuffer>, LatentFormatFault> {
  if (latent.values.length !== elementCount(latent.shape)) return fault("shape", "The shape does not fit the values.");
  const codec = valueCodecs[encoding];
  const stored = codec.write(latent.values, latent.shape);
  if (stored === undefined) return fault("not_finite", `A value is not finite as ${encoding}.`);
  const header = encodeHeader(latent, codec, stored);
  const file = new Uint8Array(lengthBytes + header.length + stored.bytes.length);
  if (file.length > latentFileBytesMax) return fault("too_large", `A latent has at most ${latentFileBytesMax} bytes.`);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, lengthBytes);
  file.set(stored.bytes, lengthBytes + header.length);
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
  if (header === undefined) return fault("header", `The header does not describe one ${formats.join(" or ")} tensor.`);
  const { codec, metadata } = header;
  const { shape, data_offsets: offsets } = header.latent;
  const dataBytes = elementCount(shape) * codec.bytesPerValue;
  if (offsets[0] !== 0 || offsets[1] !== dataBytes) return fault("shape", "The offsets do not fit the shape.");
  if (file.length !== dataStart + dataBytes) return fault("truncated", "The file's length does not fit the shape.");
  const values = codec.read({ bytes: file.subarray(dataStart), metadata }, shape);
  if (values === undefined) return fault("not_finite", "A value is not finite, or the scales do not fit.");
  const { format: _, scales: __, ...ownMetadata } = metadata;
  return ok({ values, shape, metadata: ownMetadata });
}

const codecs = Object.values(valueCodecs);
const formats = codecs.map(({ format }) => format);
/** A latent file's metadata, read without its values, for files that were checked before. */
export function describeLatent(file: Uint8Array): Pick<Latent, "shape" | "metadata"> | undefined {
  if (file.length < lengthBytes) return undefined;
  const headerBytes = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (headerBytes > latentHeaderBytesMax) return undefined;
  const header = parseHeader(file.subarray(lengthBytes, lengthBytes + headerBytes));
  return header && { shape: header.latent.shape, metadata: header.metadata };
}

const sideSchema = z.int().min(1).max(latentFileBytesMax);

const headerSchema = z.strictObject({
  __metadata__: z
    .object({ format: z.enum(formats), model: z.string(), revision: z.string(), seed: z.string() })
    .catchall(z.string()),
  latent: z.strictObject({
    dtype: z.string(),
    shape: z.tuple([sideSchema, sideSchema, sideSchema]),
    data_offsets: z.tuple([z.int(), z.int()]),
  }),
});

interface Header extends Pick<z.infer<typeof headerSchema>, "latent"> {
  readonly metadata: z.infer<typeof headerSchema>["__metadata__"];
  readonly codec: ValueCodec;
}

function parseHeader(bytes: Uint8Array): Header | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const { data } = headerSchema.safeParse(json);
    const codec = codecs.find(({ format, dtype }) => {
      return format === data?.__metadata__.format && dtype === data.latent.dtype;
    });
    return data && codec && { latent: data.latent, metadata: data.__metadata__, codec };
  } catch {
    // Bytes that are not UTF-8 or text that is not JSON: both mean "not our header".
    return undefined;
  }
}

/** Keys stand in the order in which the reference implementation writes them. */
function encodeHeader({ shape, metadata }: Latent, { format, dtype }: ValueCodec, stored: StoredValues): Uint8Array {
  const sortedMetadata = canonicalJson({ ...metadata, ...stored.metadata, format });
  const tensor = JSON.stringify({ dtype, shape, data_offsets: [0, stored.bytes.length] });
  const json = new TextEncoder().encode(`{"__metadata__":${sortedMetadata},"latent":${tensor}}`);
  const header = new Uint8Array(Math.ceil(json.length / alignmentBytes) * alignmentBytes).fill(0x20);
  header.set(json);
  return header;
}

function elementCount([channels, height, width]: LatentShape): number {
  return channels * height * width;
}

function fault(reason: LatentFormatFault["reason"], message: string): Result<never, LatentFormatFault> {
  return err({ reason, message });
}
