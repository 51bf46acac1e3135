import type { LatentShape } from "../../shared/latents/latent-key.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Sampling } from "../../shared/models/sampling.ts";
import { guided, type NoisePrediction } from "../diffusion/guidance.ts";
import { createNoiseSource } from "../diffusion/noise-source.ts";
import { sample } from "../diffusion/sampler.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import { float32Tensor } from "../runtime/host-tensor.ts";
import type { TextCondition } from "./text-conditions.ts";
import { timestepTensor } from "./timestep-tensor.ts";

/** All that decides one Stage C latent. */
export interface LatentOrder extends Sampling {
  readonly conditional: TextCondition;
  readonly unconditional: TextCondition;
  /** 0…2³²−1 */
  readonly seed: number;
  readonly latentShape: LatentShape;
}

/** Runs Stage C: (channels, height, width) float32, before it is rounded for storage. */
export function makeLatent(manifest: Manifest, stageC: GraphSet["stageC"], order: LatentOrder): Promise<Float32Array> {
  const { latentShape } = order;

  function predictWith({ condition, mask }: TextCondition): NoisePrediction {
    return async (latent, t) => {
      const noise = await stageC.run({
        stage_c_latent: float32Tensor(latent, [1, ...latentShape]),
        timestep_embedding: timestepTensor(manifest, t),
        text_condition: condition,
        text_mask: mask,
      });
      return noise.data;
    };
  }

  return sample({
    kind: manifest.sampler.stageC.kind,
    schedule: manifest.schedule,
    steps: order.steps,
    length: latentShape[0] * latentShape[1] * latentShape[2],
    noise: createNoiseSource(order.seed),
    predict: guided({
      conditional: predictWith(order.conditional),
      unconditional: predictWith(order.unconditional),
      scale: order.guidanceScale,
    }),
  });
}
