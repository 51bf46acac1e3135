import type { Manifest } from "../../shared/models/manifest.ts";
import { embedTimestep } from "../diffusion/timestep-embedding.ts";
import { type Float32Tensor, float32Tensor } from "../runtime/host-tensor.ts";

/** The time `t` in [0, 1] as Stages C and B take it: (1, width). */
export function timestepTensor({ timestepEmbedding }: Manifest, t: number): Float32Tensor {
  return float32Tensor(embedTimestep(timestepEmbedding, t), [1, timestepEmbedding.width]);
}
