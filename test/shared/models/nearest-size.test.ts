import { expect, test } from "vitest";
import { nearestSize } from "../../../shared/models/nearest-size.ts";

const listed = {
  image: { sizes: ["512x512", "1024x1024", "1536x1024", "1024x1536"], sizeDefault: "", channels: 3 },
} as const;
const image = (manifest: { readonly image: object }) => manifest as Parameters<typeof nearestSize>[0]; // The fields that it reads.

test.each([
  ["256x256", "512x512"],
  ["2048x2048", "1024x1024"],
  ["1792x1024", "1536x1024"],
  ["1024x1792", "1024x1536"],
  ["768x768", "1024x1024"],
  ["640x480", "512x512"],
])("%s becomes the offered size most like it: %s", (wanted, expected) => {
  const [width = 0, height = 0] = wanted.split("x").map(Number);
  expect(nearestSize(image(listed), { width, height })).toBe(expected);
});

test("in a range of sides, both are rounded to its multiple and kept within it", () => {
  const sides = { min: 512, max: 1536, multipleOf: 128 };
  const ranged = image({ image: { ...listed.image, sides } });
  expect(nearestSize(ranged, { width: 1000, height: 700 })).toBe("1024x640");
  expect(nearestSize(ranged, { width: 4000, height: 4000 })).toBe("1536x1536");
});
