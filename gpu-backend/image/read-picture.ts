import type { Sharp } from "sharp";
import type { Pixels } from "../../shared/decoding/pixels.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { picturePixelsMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** Width and height in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** What was read of a picture's file, and how large the picture in it is, upright. */
export interface ReadPicture<Value> {
  readonly value: Value;
  readonly original: PictureSize;
}

/** A hostile file can take long to decode even within the limit of pixels. */
const decodeSecondsMax = 20;

/** The decoder's other formats have had far more vulnerabilities, and clients do not upload them. */
const signatures: readonly (readonly [offset: number, bytes: readonly number[]])[] = [
  [0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  [0, [0xff, 0xd8, 0xff]],
  [8, [0x57, 0x45, 0x42, 0x50]],
];

/**
 * A PNG, JPEG or WebP file as pixels of this size: upright, in sRGB, scaled to cover the size (with antialiasing
 * of premultiplied colours, as in training) and cut evenly at the sides. With 3 channels, transparency is laid on
 * white. Of an animation, the first picture. Runs on libuv's pool. Fails with `invalid_request` on `image`.
 */
export function readPicture(
  file: Uint8Array,
  size: PictureSize,
  channels: 3 | 4,
  kernel: ScaleKernel = "linear",
): Promise<Result<ReadPicture<Pixels>, Failure>> {
  return read(file, "image", async (picture) => {
    const opaque = () =>
      cover(picture.flatten({ background: "white" }), size, kernel)
        .toColourspace("srgb")
        .removeAlpha();
    const covered = channels === 3 ? opaque() : cover(picture.ensureAlpha(), size, kernel).toColourspace("srgb");
    const { data, info } = await covered.raw().toBuffer({ resolveWithObject: true });
    return info.channels === channels ? { ...size, data: Uint8Array.from(data) } : undefined;
  });
}

/**
 * A mask as bytes a pixel, 255 where the picture is to be painted. It is to be painted where the mask is transparent;
 * in a mask that has no transparency at all, where it is white. Scaled and cut as a picture is. Fails with
 * `invalid_request` on `mask`.
 */
export function readMask(file: Uint8Array, size: PictureSize): Promise<Result<ReadPicture<Uint8Array>, Failure>> {
  return read(file, "mask", async (picture, hasAlpha) => {
    const covered = cover(picture, size);
    const plane = hasAlpha ? covered.extractChannel("alpha") : covered.toColourspace("b-w").extractChannel(0);
    const { data, info } = await plane.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 1) return undefined;
    return Uint8Array.from(data, (value) => (hasAlpha ? 255 - value : value));
  });
}

/** What the sizes of a picture follow from, and to multiples of how many pixels its edges are continued. */
export interface Readings {
  readonly sizesOf: (size: PictureSize) => readonly PictureSize[];
  readonly tilePixels: number;
  /** A larger picture is made smaller first. */
  readonly sideMax: number;
}

/**
 * A picture at several sizes, each continued at the right and at the bottom to whole tiles, with 3 channels,
 * transparency on white. Fails with `invalid_request` on `image`.
 */
export async function readAtSizes(
  file: Uint8Array,
  { sizesOf, tilePixels, sideMax }: Readings,
): Promise<Result<readonly Pixels[], Failure>> {
  const pictures = await read(file, "image", async (picture) => {
    const { default: sharp } = await import("sharp");
    const limits = { width: sideMax, height: sideMax, fit: "inside", withoutEnlargement: true } as const;
    const opaque = picture.flatten({ background: "white" }).resize(limits).toColourspace("srgb").removeAlpha();
    const { data, info } = await opaque.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) return undefined;
    const raw = { width: info.width, height: info.height, channels: info.channels } as const;
    const missing = (side: number) => Math.ceil(side / tilePixels) * tilePixels - side;
    const continued = ({ width, height }: PictureSize) =>
      sharp(data, { raw })
        .resize({ width, height, fit: "fill", kernel: "cubic" })
        .extend({ right: missing(width), bottom: missing(height), extendWith: "copy" })
        .raw()
        .toBuffer({ resolveWithObject: true });
    const made = await Promise.all(sizesOf(raw).map(continued));
    return made.map(({ data: bytes, info: { width, height } }) => ({ width, height, data: Uint8Array.from(bytes) }));
  });
  return pictures.ok ? ok(pictures.value.value) : pictures;
}

type Decode<Value> = (picture: Sharp, hasAlpha: boolean) => Promise<Value | undefined>;

/** The header is read first, which decodes nothing, so that a picture that is too large is told its limit. */
async function read<Value>(
  file: Uint8Array,
  param: string,
  decode: Decode<Value>,
): Promise<Result<ReadPicture<Value>, Failure>> {
  const damaged = err(invalidRequest(param, `'${param}' must be a whole PNG, JPEG or WebP file.`));
  if (!signatures.some(([offset, bytes]) => bytes.every((byte, i) => file[offset + i] === byte))) return damaged;
  // Not before a picture comes: it takes 11 MB, and most servers never read one.
  const { default: sharp } = await import("sharp");
  try {
    const { hasAlpha, autoOrient: original } = await sharp(file, { limitInputPixels: false }).metadata();
    if (original.width * original.height > picturePixelsMax) {
      return err(invalidRequest(param, `'${param}' may have at most ${picturePixelsMax} pixels. Make it smaller.`));
    }
    const picture = sharp(file, { limitInputPixels: picturePixelsMax }).timeout({ seconds: decodeSecondsMax });
    const value = await decode(picture.autoOrient(), hasAlpha);
    return value === undefined ? damaged : ok({ value, original: { width: original.width, height: original.height } });
  } catch {
    // The decoder's message may quote the file.
    return damaged;
  }
}

/** How a picture is scaled: as in training, which differs between the networks that read it. */
type ScaleKernel = "linear" | "cubic";

function cover(picture: Sharp, { width, height }: PictureSize, kernel: ScaleKernel = "linear"): Sharp {
  return picture.resize({ width, height, fit: "cover", position: "centre", kernel });
}
