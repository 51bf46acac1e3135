import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readMask, readPicture } from "../../../gpu-backend/image/read-picture.ts";
import { picturePixelsMax } from "../../../shared/limits.ts";

type Paint = (x: number, y: number) => readonly number[];

function draw(width: number, height: number, paint: Paint) {
  const rows = Array.from({ length: width * height }, (_, i) => paint(i % width, Math.floor(i / width)));
  const channels = (paint(0, 0).length || 1) as 1 | 2 | 3 | 4;
  return sharp(Uint8Array.from(rows.flat()), { raw: { width, height, channels } });
}

async function pixelsOf(file: Uint8Array, size = { width: 64, height: 64 }, channels: 3 | 4 = 3) {
  const read = await readPicture(file, size, channels);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const { data } = read.value.value;
  const at = (x: number, y: number) => [...data.subarray(channels * (y * size.width + x)).subarray(0, channels)];
  return { at, original: read.value.original, length: data.length };
}

describe("a picture", () => {
  test("of its own size comes as it is, and what is transparent is white", async () => {
    const file = await draw(64, 64, (x) => [10, 20, 30, x < 32 ? 255 : 0])
      .png()
      .toBuffer();
    const { at, original, length } = await pixelsOf(file);
    expect([at(0, 0), at(63, 63), length]).toEqual([[10, 20, 30], [255, 255, 255], 64 * 64 * 3]);
    expect(original).toEqual({ width: 64, height: 64 });
  });

  test("keeps its alpha for a model that has it, and no colour of what is transparent bleeds in where it is scaled", async () => {
    const half = await draw(128, 128, (x) => (x < 64 ? [10, 20, 30, 255] : [255, 0, 0, 0]))
      .png()
      .toBuffer();
    const { at, length } = await pixelsOf(half, { width: 64, height: 64 }, 4);
    expect([at(0, 0), at(63, 63)[3], length]).toEqual([[10, 20, 30, 255], 0, 64 * 64 * 4]);
    // At the edge the transparent red weighs nothing.
    for (let x = 0; x < 33; x += 1) {
      if ((at(x, 9)[3] ?? 0) > 8) expect(at(x, 9)[0]).toBeLessThanOrEqual(11);
    }
    const opaque = await draw(64, 64, () => [1, 2, 3])
      .png()
      .toBuffer();
    expect((await pixelsOf(opaque, { width: 64, height: 64 }, 4)).at(5, 5)).toEqual([1, 2, 3, 255]);
  });

  test("of another shape is cut evenly at its longer sides", async () => {
    const file = await draw(256, 128, (x) => [x < 64 || x >= 192 ? 255 : 0, 0, 0])
      .png()
      .toBuffer();
    const { at } = await pixelsOf(file);
    expect([at(1, 32), at(62, 32)]).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("is turned upright, as its EXIF orientation says", async () => {
    const file = await draw(64, 32, (x) => [x < 32 ? 250 : 0, 0, 0])
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const { at, original } = await pixelsOf(file, { width: 32, height: 64 });
    expect(original).toEqual({ width: 32, height: 64 });
    expect([at(16, 5)[0], at(16, 60)[0]]).toEqual([250, 0]);
  });

  test.each([
    ["grey PNG", () => draw(64, 64, () => [90]).png()],
    ["PNG with a palette", () => draw(64, 64, () => [90, 90, 90]).png({ palette: true })],
    [
      "PNG of 16 bits",
      () =>
        draw(64, 64, () => [90, 90, 90])
          .toColourspace("rgb16")
          .png(),
    ],
    [
      "JPEG in CMYK",
      () =>
        draw(64, 64, () => [90, 90, 90])
          .toColourspace("cmyk")
          .jpeg(),
    ],
    ["WebP", () => draw(64, 64, () => [90, 90, 90, 255]).webp()],
  ])("may be a %s", async (_, make) => {
    const { at } = await pixelsOf(await make().toBuffer());
    for (const value of at(32, 32)) expect(Math.abs(value - 90)).toBeLessThan(30);
  });

  test("that claims too many pixels is refused by its header, with the limit", async () => {
    const file = await sharp({ create: { width: 16_000, height: 1_050, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const read = await readPicture(file, { width: 64, height: 64 }, 3);
    const message = `'image' may have at most ${picturePixelsMax} pixels. Make it smaller.`;
    expect(read).toMatchObject({ ok: false, error: { code: "invalid_request", param: "image", message } });
  });

  test("that is cut off, empty, or of another format is refused", async () => {
    const whole = await draw(64, 64, (x, y) => [x * 4, y * 4, (x * y) % 256])
      .png()
      .toBuffer();
    const gif = await draw(8, 8, () => [1, 2, 3])
      .gif()
      .toBuffer();
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>');
    for (const file of [whole.subarray(0, whole.length / 2), Buffer.alloc(0), gif, svg, whole.subarray(0, 8)]) {
      const read = await readPicture(file, { width: 64, height: 64 }, 3);
      expect(read).toMatchObject({ ok: false, error: { code: "invalid_request", param: "image" } });
    }
  });
});

describe("a mask", () => {
  async function paintedShare(file: Uint8Array): Promise<number> {
    const read = await readMask(file, { width: 64, height: 64 });
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return read.value.value.reduce((sum, value) => sum + value, 0) / 255 / 64 / 64;
  }

  test("is to be painted where it is transparent, whatever its colours", async () => {
    const file = await draw(128, 128, (x) => [255, 255, 255, x < 32 ? 0 : 255])
      .png()
      .toBuffer();
    expect(await paintedShare(file)).toBeCloseTo(0.25, 2);
  });

  test("without transparency is to be painted where it is white", async () => {
    expect(
      await paintedShare(
        await draw(64, 64, (x) => (x < 16 ? [255, 255, 255] : [0, 0, 0]))
          .png()
          .toBuffer(),
      ),
    ).toBe(0.25);
    expect(
      await paintedShare(
        await draw(64, 64, (x) => [x < 16 ? 255 : 0])
          .jpeg()
          .toBuffer(),
      ),
    ).toBeCloseTo(0.25, 2);
  });

  test("that is no picture is refused by its own name", async () => {
    const read = await readMask(Buffer.from("mask"), { width: 64, height: 64 });
    expect(read).toMatchObject({ ok: false, error: { code: "invalid_request", param: "mask" } });
  });
});
