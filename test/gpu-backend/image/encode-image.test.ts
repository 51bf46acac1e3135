import { crc32 } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type EncodeOptions, encodeImage } from "../../../gpu-backend/image/encode-image.ts";
import { originOf } from "../../../shared/origin-mark.ts";

const width = 48;
const height = 32;
const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i) % 251);
const markKey = "a key of marks for tests, 32 or more";
const encode = (options: EncodeOptions, key = markKey) => encodeImage({ width, height, data }, options, key);

describe.each(["png", "jpeg", "webp"] as const)("a %s", (format) => {
  test("is a picture of the right kind and size", async () => {
    const metadata = await sharp(await encode({ format })).metadata();
    expect(metadata).toMatchObject({ format, width, height, channels: 3 });
  });

  test("says in its XMP that a trained model made it", async () => {
    const { xmp } = await sharp(await encode({ format })).metadata();
    expect(xmp?.toString()).toContain(
      'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"',
    );
  });

  test("bears a mark that holds for its own bytes and key", async () => {
    const file = await encode({ format });
    expect(await originOf(file, [markKey])).toBe("ours");
    expect(await originOf(file, ["another key of marks, 32 or more"])).toBe("altered");
    expect(await originOf(await sharp(file).toFormat(format).toBuffer(), [markKey])).toBe("unmarked");
  });

  test("is not ours any more when any one byte of it is another", async () => {
    const file = await encode({ format });
    const origins = new Set<string>();
    for (let at = 0; at < file.length; at += 1) {
      const changed = Uint8Array.from(file);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      origins.add(await originOf(changed, [markKey]));
    }
    // "unmarked" is where the mark's own name was hit.
    expect([...origins].sort()).toEqual(["altered", "unmarked"]);
  });

  test("has the same bytes every time", async () => {
    expect(await encode({ format })).toEqual(await encode({ format }));
  });
});

test("a png's chunks have the checksums of their bytes", async () => {
  const file = Buffer.from(await encode({ format: "png" }));
  const types: string[] = [];
  for (let start = 8; start < file.length; ) {
    const end = start + 8 + file.readUInt32BE(start);
    types.push(file.toString("latin1", start + 4, start + 8));
    expect(file.readUInt32BE(end)).toBe(crc32(file.subarray(start + 4, end)));
    start = end + 4;
  }
  expect(types).toContain("iTXt");
});

test("a png keeps every pixel", async () => {
  const { data: read } = await sharp(await encode({ format: "png" }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(new Uint8Array(read)).toEqual(data);
});

test.each(["jpeg", "webp"] as const)("quality decides the size of a %s, from 0 to 100", async (format) => {
  const sizes = await Promise.all(
    [0, 50, undefined, 100].map(async (quality) => (await encode({ format, quality })).length),
  );
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(new Set(sizes).size).toBe(4);
});
