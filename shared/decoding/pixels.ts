import { AppError } from "../errors.ts";

/** Rows of red, green and blue bytes, or of these and straight (not premultiplied) alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Length 3 or 4 × width × height. */
  readonly data: Uint8Array;
}

/** How many bytes a pixel has: 3, or 4 with alpha. Throws `AppError` for data of another length. */
export function channelsOf({ width, height, data }: Pixels): 3 | 4 {
  const channels = data.length / (width * height);
  if (channels !== 3 && channels !== 4) throw new AppError(`A pixel has ${channels} bytes instead of 3 or 4.`);
  return channels;
}

/**
 * A picture as Stage A gives it: planes of red, green, blue and, if the model has it, straight alpha, all in [0, 1].
 * The picture may be larger than what is wanted of it.
 */
export interface ColourPlanes {
  readonly values: Float32Array;
  readonly planeHeight: number;
  readonly planeWidth: number;
}

/** (c, planeHeight, planeWidth) → (height, width, c) bytes, cut to the upper left `width` × `height`. */
export function toPixels(planes: ColourPlanes, { width, height }: Pick<Pixels, "width" | "height">): Pixels {
  const planeLength = planes.planeHeight * planes.planeWidth;
  const channels = planes.values.length / planeLength;
  const data = new Uint8Array(channels * width * height);
  let target = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const source = y * planes.planeWidth + x;
      for (let channel = 0; channel < channels; channel += 1) {
        data[target] = toByte(planes.values[channel * planeLength + source] ?? 0);
        target += 1;
      }
    }
  }
  return { width, height, data };
}

/** A picture as it looks on white: red, green and blue alone. One without alpha is returned as it is. */
export function onWhite(pixels: Pixels): Pixels {
  if (channelsOf(pixels) === 3) return pixels;
  const { width, height, data } = pixels;
  const laid = new Uint8Array(3 * width * height);
  for (let at = 0; at < laid.length; at += 1) {
    const pixel = Math.trunc(at / 3);
    const alpha = (data[4 * pixel + 3] ?? 0) / 255;
    laid[at] = toByte(((data[4 * pixel + (at % 3)] ?? 0) / 255 - 1) * alpha + 1);
  }
  return { width, height, data: laid };
}

/** (height, width, c) bytes → (c, height, width) in [0, 1]. */
export function toPlanes(pixels: Pixels): Float32Array<ArrayBuffer> {
  const { width, height, data } = pixels;
  const channels = channelsOf(pixels);
  const planeLength = width * height;
  const values = new Float32Array(channels * planeLength);
  for (let pixel = 0; pixel < planeLength; pixel += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      values[channel * planeLength + pixel] = (data[pixel * channels + channel] ?? 0) / 255;
    }
  }
  return values;
}

/** Clamped to [0, 1], then rounded with ties to even, as NumPy rounds. */
function toByte(value: number): number {
  const scaled = Math.fround(Math.min(Math.max(value, 0), 1) * 255);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
