import { describe, expect, test } from "vitest";
import { parseImageSize } from "../../../shared/models/image-size.ts";
import { imageSizeOf, latentShapeFor, stageBLatentShapeFor } from "../../../shared/models/latent-shape.ts";
import { manifestFixture } from "../../support/manifest-fixture.ts";

const manifest = manifestFixture();

test("shapes are (channels, height, width) of the size that was asked for", () => {
  expect(latentShapeFor(manifest, "128x64")).toEqual({ ok: true, value: [16, 4, 8] });
  expect(stageBLatentShapeFor(manifest, "128x64")).toEqual({ ok: true, value: [4, 16, 32] });
});

test("without a size the model's default holds", () => {
  expect(latentShapeFor(manifest)).toEqual(latentShapeFor(manifest, "128x128"));
});

describe("a factor that does not divide the side is rounded up, as the released models do:", () => {
  const sizes = ["1024x1024", "1024x1536", "1536x1024", "1152x896", "1536x1536"];
  const released = {
    ...manifest,
    image: { ...manifest.image, sizes },
    latent: { ...manifest.latent, downscale: 42.67 },
  };

  // Three cells of Stage C and 32 of Stage B to every 128 pixels.
  test.each([
    ["1024x1024", [16, 24, 24], [4, 256, 256]],
    ["1024x1536", [16, 36, 24], [4, 384, 256]],
    ["1536x1024", [16, 24, 36], [4, 256, 384]],
    ["1152x896", [16, 21, 27], [4, 224, 288]],
    ["1536x1536", [16, 36, 36], [4, 384, 384]],
  ])("%s", (size, stageC, stageB) => {
    expect(latentShapeFor(released, size)).toEqual({ ok: true, value: stageC });
    expect(stageBLatentShapeFor(released, size)).toEqual({ ok: true, value: stageB });
    const [channels = 0, height = 0, width = 0] = stageC;
    expect(imageSizeOf(released, [channels, height, width])).toEqual(parseImageSize(size));
  });
});

test("a size that the model does not offer is refused with those it does", () => {
  expect(latentShapeFor(manifest, "256x256")).toMatchObject({
    ok: false,
    error: { code: "invalid_request", param: "size", allowed: ["128x128", "128x64", "auto"] },
  });
});

test("a stored latent's shape leads back to its image size", () => {
  expect(imageSizeOf(manifest, [16, 4, 8])).toEqual({ width: 128, height: 64 });
  expect(imageSizeOf(manifest, [16, 5, 8])).toBeUndefined();
});

test("only plain decimal sizes are read", () => {
  expect(parseImageSize("1792x1024")).toEqual({ width: 1792, height: 1024 });
  for (const text of ["", "128", "128X128", "0x1", "-1x1", "01x1", "1.5x2", " 1x1", "1x1 ", "1e3x1", "123456x1"]) {
    expect(parseImageSize(text)).toBeUndefined();
  }
});

test("a model with limits offers every size within them, and each shape leads back to its size", () => {
  const sides = { min: 32, max: 192, multipleOf: 32 };
  const ranged = { ...manifest, image: { ...manifest.image, sides } };
  for (let width = 32; width <= 192; width += 32) {
    for (let height = 32; height <= 192; height += 32) {
      const shape = latentShapeFor(ranged, `${width}x${height}`);
      expect(shape).toEqual({ ok: true, value: [16, height / 16, width / 16] });
      expect(shape.ok && imageSizeOf(ranged, shape.value)).toEqual({ width, height });
    }
  }
  for (const size of ["16x64", "64x224", "100x64", "64x48"]) expect(latentShapeFor(ranged, size).ok).toBe(false);
  expect(imageSizeOf(ranged, [16, 3, 8])).toBeUndefined();
  const rule = "any WIDTHxHEIGHT whose sides are multiples of 32 from 32 to 192";
  const refused = { code: "invalid_request", allowed: ["128x128", "128x64", rule, "auto"] };
  expect(latentShapeFor(ranged, "64x48")).toMatchObject({ ok: false, error: refused });
});

test("a factor that is not whole keeps each size apart as well", () => {
  const ranged = {
    ...manifest,
    image: { ...manifest.image, sides: { min: 128, max: 2048, multipleOf: 128 } },
    latent: { ...manifest.latent, downscale: 42.67 },
  };
  for (let side = 128; side <= 2048; side += 128) {
    const shape = latentShapeFor(ranged, `${side}x1024`);
    expect(shape.ok && imageSizeOf(ranged, shape.value)).toEqual({ width: side, height: 1024 });
  }
});
