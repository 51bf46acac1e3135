import { crc32 } from "node:zlib";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { encodeImage } from "../../../gpu-backend/image/encode-image.ts";
import type { DecodeOptions } from "../../../shared/decode-options.ts";
import { originOf } from "../../../shared/origin-mark.ts";

const width = 48;
const height = 32;
const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i) % 251);
const markKey = "a key of marks for tests, 32 or more";
const encode = (options: DecodeOptions, key = markKey) => encodeImage({ width, height, data }, options, key);

describe("a picture with alpha", () => {
  /** Straight alpha: the left half is opaque, the right one transparent. */
  const rgba = Uint8Array.from(
    Array.from({ length: width * height }, (_, i) => [0, 60, 120, i % width < width / 2 ? 255 : 0]).flat(),
  );

  async function cornersOf(options: DecodeOptions) {
    const file = await encodeImage({ width, height, data: rgba }, options, markKey);
    const { data: raw, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    return [0, width - 1].map((x) => [...raw.subarray(info.channels * x, info.channels * (x + 1))]);
  }

  test("keeps it where the format can", async () => {
    expect(await cornersOf({ format: "png" })).toEqual([
      [0, 60, 120, 255],
      [0, 60, 120, 0],
    ]);
    expect((await cornersOf({ format: "webp" })).map((corner) => corner[3])).toEqual([255, 0]);
  });

  test.each([
    ["png", "0a141e", [10, 20, 30]],
    ["webp", "ffffff", [255, 255, 255]],
    ["jpeg", undefined, [255, 255, 255]],
    ["jpeg", "0a141e", [10, 20, 30]],
  ] as const)(
    "lies as a %s on the wanted colour %s, or on white where the format has no alpha",
    async (format, background, want) => {
      const [, right = []] = await cornersOf({ format, background });
      expect(right).toHaveLength(3);
      for (const [i, value] of want.entries()) expect(Math.abs((right[i] ?? 0) - value)).toBeLessThanOrEqual(3);
    },
  );
});

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
