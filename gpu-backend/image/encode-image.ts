import sharp, { type Sharp } from "sharp";
import { markOrigin } from "../../shared/origin-mark.ts";
import type { OutputFormat } from "../../shared/output-format.ts";
import { provenanceXmp, withPngXmp } from "./provenance.ts";

/** Rows of red, green and blue bytes; `data` has 3 × width × height of them. */
export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How a picture becomes a file. `quality` is 0…100 and only means something for jpeg and webp. */
export interface EncodeOptions {
  readonly format: OutputFormat;
  readonly quality?: number | undefined;
}

const defaultQuality = 85;

/** The encoder's own scale starts at 1. */
const encoderQualityMin = 1;

/**
 * A picture file whose XMP says that AI made it, with the mark of this service (`originMarkKey`). Runs on libuv's pool.
 * The same pixels, options and key give the same bytes.
 */
export async function encodeImage(pixels: RgbPixels, options: EncodeOptions, markKey: string): Promise<Uint8Array> {
  const { width, height, data } = pixels;
  const picture = inFormat(sharp(data, { raw: { width, height, channels: 3 } }), options);
  const isPng = options.format === "png";
  const file = isPng ? withPngXmp(await picture.toBuffer()) : await picture.withXmp(provenanceXmp).toBuffer();
  await markOrigin(file, markKey);
  return file;
}

/** The settings stand where a further step costs much time and saves few bytes. */
function inFormat(picture: Sharp, { format, quality }: EncodeOptions): Sharp {
  const chosen = Math.max(quality ?? defaultQuality, encoderQualityMin);
  switch (format) {
    case "png":
      return picture.png({ compressionLevel: 3, adaptiveFiltering: true });
    case "webp":
      return picture.webp({ effort: 2, quality: chosen });
    case "jpeg":
      return picture.jpeg({ quality: chosen, mozjpeg: false });
  }
}
