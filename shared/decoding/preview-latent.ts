import { AppError } from "../errors.ts";
import type { LatentShape } from "../latents/latent-key.ts";
import type { Manifest } from "../models/manifest.ts";
import type { DecoderGraph } from "./decoder-graphs.ts";
import { float32Tensor } from "./host-tensor.ts";
import { toStored } from "./latent-space.ts";
import { type Pixels, toPixels } from "./pixels.ts";

/** A clean latent as the sampler has it, (channels, height, width). */
export interface SampledLatent {
  readonly values: Float32Array;
  readonly shape: LatentShape;
}

/** Roughly what the picture of a latent will be: the previewer's one pass. */
export async function previewLatent(
  manifest: Manifest,
  previewer: DecoderGraph,
  { values, shape }: SampledLatent,
): Promise<Pixels> {
  const latent = toStored(manifest.latent, values);
  const image = await previewer.run({ stage_c_latent: float32Tensor(latent, [1, ...shape]) });
  const [, , planeHeight = 0, planeWidth = 0] = image.shape; // (1, 3, height, width)
  if (planeHeight === 0 || planeWidth === 0) throw new AppError("The previewer gave no picture.");
  return toPixels({ values: image.data, planeHeight, planeWidth }, { width: planeWidth, height: planeHeight });
}
