import type { LatentShape } from "../../shared/latents/latent-key.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Sampling } from "../../shared/models/sampling.ts";
import { guide, isGuided, type NoisePrediction } from "../diffusion/guidance.ts";
import { createNoiseSource } from "../diffusion/noise-source.ts";
import { sample } from "../diffusion/sampler.ts";
import type { Graph } from "../runtime/graph.ts";
import { float32Tensor } from "../runtime/host-tensor.ts";
import { toStored } from "./latent-space.ts";
import type { TextCondition } from "./text-conditions.ts";
import { timestepTensor } from "./timestep-tensor.ts";

/** All that decides one Stage C latent. */
export interface LatentOrder extends Sampling {
  /** One row without guidance; with it two, first the unconditional one. */
  readonly text: TextCondition;
  /** 0…2³²−1 */
  readonly seed: number;
  readonly latentShape: LatentShape;
}

/** Runs Stage C: (channels, height, width) float32 in the stored form, before it is rounded for storage. */
export async function makeLatent(manifest: Manifest, stageC: Graph, order: LatentOrder): Promise<Float32Array> {
  const { latentShape } = order;
  const values = await sample({
    kind: manifest.sampler.stageC.kind,
    schedule: manifest.schedule,
    steps: order.steps,
    times: defaultTimes(manifest, order.steps),
    length: latentShape[0] * latentShape[1] * latentShape[2],
    noise: createNoiseSource(order.seed),
    predict: predictionOf(manifest, stageC, order),
  });
  return toStored(manifest.latent, values);
}

/** The model's own times, which only fit its default number of steps. */
function defaultTimes({ sampler }: Manifest, steps: number): Float32Array | undefined {
  const { timesteps, steps: range } = sampler.stageC;
  return timesteps === undefined || steps !== range.default ? undefined : Float32Array.from(timesteps);
}

/** Both passes of guidance are rows of one run. */
function predictionOf(manifest: Manifest, stageC: Graph, order: LatentOrder): NoisePrediction {
  const { text, latentShape, guidanceScale } = order;
  const rows = isGuided(guidanceScale) ? 2 : 1;

  return async (latent, t) => {
    const noise = await stageC.run({
      stage_c_latent: float32Tensor(repeat(latent, rows), [rows, ...latentShape]),
      timestep_embedding: timestepTensor(manifest, t, rows),
      text_condition: text.condition,
      text_mask: text.mask,
    });
    if (rows === 1) return noise.data;
    return guide(guidanceScale, noise.data.subarray(0, latent.length), noise.data.subarray(latent.length));
  };
}

function repeat(values: Float32Array, times: number): Float32Array {
  if (times === 1) return values;
  const repeated = new Float32Array(values.length * times);
  for (let i = 0; i < times; i += 1) repeated.set(values, i * values.length);
  return repeated;
}
