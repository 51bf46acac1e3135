import sharp, { type Sharp } from "sharp";
import type { OutputFormat } from "../../shared/output-format.ts";
import { provenanceXmp } from "./provenance.ts";

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

/** A picture file that says it was made by AI. Runs on libuv's pool. The same pixels and options give the same bytes. */
export async function encodeImage(pixels: RgbPixels, options: EncodeOptions): Promise<Uint8Array> {
  const { width, height, data } = pixels;
  const picture = sharp(data, { raw: { width, height, channels: 3 } }).withXmp(provenanceXmp);
  return inFormat(picture, options).toBuffer();
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
