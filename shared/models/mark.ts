import { z } from "zod";
import type { ImageSize } from "./image-size.ts";

// The mark that a bundle's decoder puts into every picture; how it is made: gpu-backend/training/wuerstchen/marking.

/** Bits of the message of a mark. */
export const markBits = 32;

/** Sides of a picture that is read are multiples of it: the mark repeats after so many pixels. */
export const markTilePixels = 16;

/** What a manifest says of its mark. */
export const markSchema = z.object({
  /** The bundle that pictures say they are from: this one, or the one whose decoder it took over. */
  bundle: z.string().min(1).max(128),
  /** 32 bits of a hash of that id, as 8 hexadecimal digits. */
  message: z.string().regex(/^[0-9a-f]{8}$/u),
  /** How errors are corrected: every tile of so many pixels a side repeats all bits, and a reading adds them up. */
  code: z.object({ kind: z.literal("repetition"), tilePixels: z.literal(markTilePixels) }),
  /** The fewest bits that must agree for a mark to be found. */
  matchesMin: z.int().min(1).max(markBits),
});

/** A picture is read as it is, and with its longer side at these shares of the bundle's: it may be cut and scaled. */
const readSideShares = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7];

/** Each reading may agree by accident, so the chance of it counts them all. */
const readingsMax = readSideShares.length + 1;

/** A larger picture is made smaller first, so that nobody can make a reading of it long. */
export const readSidePixelsMax = 1_024;

/** How likely it may be that a mark is found in a picture that bears none. */
export const markFalsePositivesMax = 1e-6;

/**
 * The sizes at which a picture of this size is read for a mark of a bundle whose pictures have `side` pixels: its own
 * first.
 */
export function markReadingSizes({ width, height }: ImageSize, side: number): ImageSize[] {
  const longer = Math.max(width, height);
  const longerSides = new Set([longer, ...readSideShares.map((share) => side * share)]);
  const at = (pixels: number, target: number) => Math.max(markTilePixels, Math.round((pixels * target) / longer));
  return [...longerSides].map((target) => ({ width: at(width, target), height: at(height, target) }));
}

/** In how many bits a reading (positive values for 1) agrees with a message, 8 hexadecimal digits. */
export function markMatches(message: string, reading: ArrayLike<number>): number {
  const word = Number.parseInt(message, 16);
  const wanted = Array.from({ length: markBits }, (_, index) => (word >>> (markBits - 1 - index)) % 2 === 1);
  return wanted.filter((bit, index) => bit === (reading[index] ?? 0) > 0).length;
}

/**
 * How likely a picture without the mark agrees with so many bits of the message in one of its readings: the tail of a
 * binomial distribution, times the readings, at most 1.
 */
export function markFalsePositives(matches: number): number {
  let ways = 1;
  let tail = 0;
  // From all bits down: C(32, 32), C(32, 31), …
  for (let count = markBits; count >= matches; count -= 1) {
    tail += ways;
    ways = (ways * count) / (markBits - count + 1);
  }
  return Math.min(1, (readingsMax * tail) / 2 ** markBits);
}
