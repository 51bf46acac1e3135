/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Reads "WIDTHxHEIGHT" (decimal pixels, no sign, no leading zero), or undefined when it is anything else. */
export function parseImageSize(text: string): ImageSize | undefined {
  const match = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/u.exec(text);
  return match === null ? undefined : { width: Number(match[1]), height: Number(match[2]) };
}
