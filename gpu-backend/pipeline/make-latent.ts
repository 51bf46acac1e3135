import { float32Tensor, repeated } from "../../shared/decoding/host-tensor.ts";
import { fromStored, toStored } from "../../shared/decoding/latent-space.ts";
import { timestepTensor } from "../../shared/decoding/timestep-tensor.ts";
import { guide, isGuided, type NoisePrediction } from "../../shared/diffusion/guidance.ts";
import { createNoiseSource } from "../../shared/diffusion/noise-source.ts";
import { type SampledStep, type SamplerStart, sample, withKept } from "../../shared/diffusion/sampler.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Sampling } from "../../shared/sampling-fields.ts";
import type { Graph } from "../runtime/graph.ts";
import type { TextCondition } from "./text-conditions.ts";

/** All that decides one Stage C latent. */
export interface LatentOrder extends Sampling {
  /** One row without guidance; with it two, first the unconditional one. */
  readonly text: TextCondition;
  /** 0…2³²−1 */
  readonly seed: number;
  readonly latentShape: LatentShape;
  /** In the stored form, of any strength from 0. Absent: pure noise. */
  readonly start?: SamplerStart | undefined;
  readonly onStep?: ((step: SampledStep) => void) | undefined;
}

/**
 * Runs Stage C: (channels, height, width) float32 in the stored form, before it is rounded for storage. What the mask
 * of a start keeps is the start's own, bit for bit; a start of strength 0 is kept as a whole.
 */
export async function makeLatent(manifest: Manifest, stageC: Graph, order: LatentOrder): Promise<Float32Array> {
  const { start } = order;
  if (start?.strength === 0) return start.latent;
  const made = toStored(manifest.latent, await sampleLatent(manifest, stageC, order));
  return start?.mask === undefined ? made : withKept(start.mask, made, start.latent);
}

function sampleLatent(manifest: Manifest, stageC: Graph, order: LatentOrder): Promise<Float32Array> {
  const { latentShape, start } = order;
  return sample({
    kind: manifest.sampler.stageC.kind,
    prediction: manifest.sampler.stageC.prediction,
    schedule: manifest.schedule,
    steps: order.steps,
    times: defaultTimes(manifest, order),
    length: latentShape[0] * latentShape[1] * latentShape[2],
    noise: createNoiseSource(order.seed),
    predict: predictionOf(manifest, stageC, order),
    start: start === undefined ? undefined : { ...start, latent: fromStored(manifest.latent, start.latent) },
    onStep: order.onStep,
  });
}

/** The model's own times, which only fit its default number of steps, all of them. */
function defaultTimes({ sampler }: Manifest, { steps, start }: LatentOrder): Float32Array | undefined {
  const { timesteps, steps: range } = sampler.stageC;
  const isWhole = steps === range.default && (start?.strength ?? 1) === 1;
  return timesteps === undefined || !isWhole ? undefined : Float32Array.from(timesteps);
}

/** Both passes of guidance are rows of one run. */
function predictionOf(manifest: Manifest, stageC: Graph, order: LatentOrder): NoisePrediction {
  const { text, latentShape, guidanceScale } = order;
  const rows = isGuided(guidanceScale) ? 2 : 1;

  return async (latent, t) => {
    const noise = await stageC.run({
      stage_c_latent: float32Tensor(repeated(latent, rows), [rows, ...latentShape]),
      timestep_embedding: timestepTensor(manifest, t, rows),
      text_condition: text.condition,
      text_mask: text.mask,
    });
    if (rows === 1) return noise.data;
    return guide(guidanceScale, noise.data.subarray(0, latent.length), noise.data.subarray(latent.length));
  };
}
