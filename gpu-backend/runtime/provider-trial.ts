import { float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { AppError } from "../../shared/errors.ts";
import { stageBLatentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { openGraph } from "./graph.ts";
import type { GraphSetOptions } from "./graph-set.ts";

/** The first of these compiles kernels and warms up. */
const runs = 3;

/**
 * Milliseconds that Stage A takes for a picture of the default size, the least of three runs. Throws `AppError` where
 * the provider cannot run it, saying how to get the provider.
 */
export async function tryProvider(manifest: Manifest, options: GraphSetOptions): Promise<number> {
  const { files, graphs } = manifest;
  const shape = stageBLatentShapeFor(manifest);
  if (!shape.ok) throw new AppError(`${manifest.id} has no default size.`);
  const stageA = await openGraph({ ...options, name: "stageA", graph: graphs.stageA, files });
  const [channels, height, width] = shape.value;
  const latent = float32Tensor(new Float32Array(channels * height * width).fill(0.5), [1, ...shape.value]);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    await stageA.run({ stage_b_latent: latent });
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
