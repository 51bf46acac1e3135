import type { Manifest } from "../models/manifest.ts";

type LatentSpace = Pick<Manifest["latent"], "scale" | "offset">;

/** The sampler's x as latents are stored and as Stage B reads them: scale · x + offset, in float32. */
export function toStored({ scale, offset }: LatentSpace, values: Float32Array): Float32Array {
  if (scale === 1 && offset === 0) return values;
  return values.map((x) => Math.fround(scale * x) + offset);
}

/** The inverse of `toStored`: where sampling starts from a latent that is stored, or that the compressor made. */
export function fromStored({ scale, offset }: LatentSpace, values: Float32Array): Float32Array {
  if (scale === 1 && offset === 0) return values;
  return values.map((stored) => Math.fround(stored - offset) / scale);
}
