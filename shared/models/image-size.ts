/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Which sides a picture may have, in pixels. */
export interface SideRange {
  readonly min: number;
  readonly max: number;
  readonly multipleOf: number;
}

/** Whether a range allows this side. */
export function isSide({ min, max, multipleOf }: SideRange, side: number): boolean {
  return side >= min && side <= max && side % multipleOf === 0;
}

/** What `parseImageSize` reads. */
export const imageSizePattern = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/u;

/** Reads "WIDTHxHEIGHT" (decimal pixels, no sign, no leading zero), or undefined when it is anything else. */
export function parseImageSize(text: string): ImageSize | undefined {
  const match = imageSizePattern.exec(text);
  return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) };
}
