import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Drawing } from "./drawings.ts";

/** A drawing with its (side, side, 4) bytes of straight alpha. */
export type Picture = readonly [drawing: Drawing, pixels: Buffer];

const IMAGES = "images.rgba";
const SKIPPED = "skipped.txt";

const idOf = ({ source, icon }: Drawing): string => `${source.package}/${icon.name}`;

/** Rasterises each drawing and writes it to DIRECTORY, without those that cannot be drawn or look like an earlier one. */
export async function* drawnPictures(directory: string, drawings: readonly Drawing[], side: number): AsyncGenerator<Picture> {
  const images = openSync(join(directory, IMAGES), "w");
  const skipped: string[] = [];
  const seen = new Set<string>();
  for (const drawing of drawings) {
    const pixels = await rasterise(drawing.icon.svg, side).catch(() => null);
    const drawable = pixels !== null && pixels.length === side * side * 4;
    const digest = drawable ? digestOnWhite(pixels) : "";
    if (!drawable || seen.has(digest)) {
      skipped.push(`${idOf(drawing)}\t${drawable ? "duplicate" : "not drawable"}`);
      continue;
    }
    seen.add(digest);
    writeSync(images, pixels);
    yield [drawing, pixels];
  }
  closeSync(images);
  writeFileSync(join(directory, SKIPPED), `${skipped.join("\n")}\n`);
}

/** What `drawnPictures` wrote to DIRECTORY, without drawing it again. Throws where that was another set. */
export async function* keptPictures(directory: string, drawings: readonly Drawing[], side: number): AsyncGenerator<Picture> {
  const skipped = new Set(readFileSync(join(directory, SKIPPED), "utf8").split("\n").map((line) => line.split("\t")[0]));
  const kept = drawings.filter((drawing) => !skipped.has(idOf(drawing)));
  const images = openSync(join(directory, IMAGES), "r");
  const bytes = side * side * 4;
  if (fstatSync(images).size !== kept.length * bytes) {
    throw new Error(`${join(directory, IMAGES)} holds other pictures than these options make: build it without --records-only`);
  }
  for (const drawing of kept) {
    const pixels = Buffer.alloc(bytes);
    readSync(images, pixels);
    yield [drawing, pixels];
  }
  closeSync(images);
}

/** (size, size, 4) bytes with straight alpha. The drawing fills the square, keeping its aspect ratio. */
function rasterise(svg: string, sizePixels: number): Promise<Buffer> {
  return sharp(Buffer.from(svg))
    .resize(sizePixels, sizePixels, { fit: "contain", background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .ensureAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

/** A digest of what the picture looks like on white: drawings that differ only behind full transparency are one. */
function digestOnWhite(pixels: Buffer): string {
  const flat = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    const alpha = pixels.readUInt8(from + 3);
    for (let channel = 0; channel < 3; channel++) {
      flat[to++] = Math.round((pixels.readUInt8(from + channel) * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return createHash("sha256").update(flat).digest("hex");
}
