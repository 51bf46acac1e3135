/** Rows of red, green and blue bytes. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Length 3 × width × height. */
  readonly data: Uint8Array;
}

/**
 * A picture as Stage A gives it: planes of red, green and blue in [0, 1], possibly larger than what is wanted of it.
 */
export interface ColourPlanes {
  readonly values: Float32Array;
  readonly planeHeight: number;
  readonly planeWidth: number;
}

const channels = 3;

/** (3, planeHeight, planeWidth) → (height, width, 3) bytes, cut to the upper left `width` × `height`. */
export function toPixels(planes: ColourPlanes, { width, height }: Pick<Pixels, "width" | "height">): Pixels {
  const data = new Uint8Array(channels * width * height);
  const planeLength = planes.planeHeight * planes.planeWidth;
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

/** (height, width, 3) bytes → (3, height, width) in [0, 1]. */
export function toPlanes({ width, height, data }: Pixels): Float32Array<ArrayBuffer> {
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
