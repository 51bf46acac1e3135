import { embedTimestep } from "../diffusion/timestep-embedding.ts";
import type { Manifest } from "../models/manifest.ts";
import { type Float32Tensor, float32Tensor } from "./host-tensor.ts";

/** The time `t` in [0, 1] as Stages C and B take it, the same for every row: (rows, width). */
export function timestepTensor({ timestepEmbedding }: Manifest, t: number, rows = 1): Float32Tensor {
  const { width } = timestepEmbedding;
  const embedded = embedTimestep(timestepEmbedding, t);
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) values.set(embedded, row * width);
  return float32Tensor(values, [rows, width]);
}
