import { type ImageSize, parseImageSize, type SideRange } from "./image-size.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Of the sizes that a model offers, the one most like a size in pixels, as "WIDTHxHEIGHT": the shape (the ratio of the
 * sides) counts twice, the area once. In a range of sides, each side is also rounded to its multiple within the range.
 */
export function nearestSize({ image: { sizes, sides } }: Pick<Manifest, "image">, wanted: ImageSize): string {
  const candidates = [...sizes];
  if (sides !== undefined) candidates.push(`${nearestSide(sides, wanted.width)}x${nearestSide(sides, wanted.height)}`);
  const ranked = candidates.map((size) => ({ size, distance: distanceOf(size, wanted) }));
  ranked.sort((a, b) => a.distance - b.distance);
  return ranked[0]?.size ?? "";
}

function nearestSide({ min, max, multipleOf }: SideRange, side: number): number {
  return Math.min(max, Math.max(min, Math.round(side / multipleOf) * multipleOf));
}

/** In logarithms, so that half and double are equally far. */
function distanceOf(size: string, wanted: ImageSize): number {
  const { width, height } = parseImageSize(size) ?? { width: 1, height: 1 };
  const [wide, high] = [Math.log(width / wanted.width), Math.log(height / wanted.height)];
  return 2 * Math.abs(wide - high) + Math.abs(wide + high);
}
