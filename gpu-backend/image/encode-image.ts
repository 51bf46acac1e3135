import sharp, { type Sharp } from "sharp";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import { channelsOf, type Pixels } from "../../shared/decoding/pixels.ts";
import { markOrigin } from "../../shared/origin-mark.ts";
import { outputFormats } from "../../shared/output-format.ts";
import { provenanceXmp, withPngXmp } from "./provenance.ts";

const defaultQuality = 85;

/** The encoder's own scale starts at 1. */
const encoderQualityMin = 1;

/**
 * A picture file whose XMP says that AI made it, with the mark of this service (`originMarkKey`). Runs on libuv's pool.
 * The same pixels, options and key give the same bytes.
 */
export async function encodeImage(pixels: Pixels, options: DecodeOptions, markKey: string): Promise<Uint8Array> {
  const { width, height, data } = pixels;
  const raw = sharp(data, { raw: { width, height, channels: channelsOf(pixels) } });
  const picture = inFormat(onBackground(raw, options), options);
  const isPng = options.format === "png";
  const file = isPng ? withPngXmp(await picture.toBuffer()) : await picture.withXmp(provenanceXmp).toBuffer();
  await markOrigin(file, markKey);
  return file;
}

/** Lays what is transparent on the colour that is wanted, or on white where the format has no alpha. */
function onBackground(picture: Sharp, { format, background }: DecodeOptions): Sharp {
  if (background === undefined && outputFormats[format].hasAlpha) return picture;
  return picture.flatten({ background: `#${background ?? "ffffff"}` });
}

/** The settings stand where a further step costs much time and saves few bytes. */
function inFormat(picture: Sharp, { format, quality }: DecodeOptions): Sharp {
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
