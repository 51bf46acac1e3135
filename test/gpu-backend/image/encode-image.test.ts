import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodeImage } from "../../../gpu-backend/image/encode-image.ts";

const width = 48;
const height = 32;
const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i) % 251);
const pixels = { width, height, data };

describe.each(["png", "jpeg", "webp"] as const)("a %s", (format) => {
  test("is a picture of the right kind and size", async () => {
    const metadata = await sharp(await encodeImage(pixels, { format })).metadata();
    expect(metadata).toMatchObject({ format, width, height, channels: 3 });
  });

  test("says in its XMP that a trained model made it", async () => {
    const { xmp } = await sharp(await encodeImage(pixels, { format })).metadata();
    expect(xmp?.toString()).toContain(
      'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"',
    );
  });

  test("has the same bytes every time", async () => {
    expect(await encodeImage(pixels, { format })).toEqual(await encodeImage(pixels, { format }));
  });
});

test("a png keeps every pixel", async () => {
  const { data: read } = await sharp(await encodeImage(pixels, { format: "png" }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(new Uint8Array(read)).toEqual(data);
});

test.each(["jpeg", "webp"] as const)("quality decides the size of a %s, from 0 to 100", async (format) => {
  const sizes = await Promise.all(
    [0, 50, undefined, 100].map(async (quality) => (await encodeImage(pixels, { format, quality })).length),
  );
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(new Set(sizes).size).toBe(4);
});
