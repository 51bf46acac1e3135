import type { PredictionKind, SamplerKind } from "../models/manifest.ts";
import { stepsRun } from "../models/sampling.ts";
import type { NoisePrediction } from "./guidance.ts";
import type { NoiseSource } from "./noise-source.ts";
import { impliedNoise } from "./prediction.ts";
import { samplers } from "./samplers.ts";
import { addNoise, type CosineSchedule, cleanEstimate, samplerTimes } from "./schedule.ts";

/** One run of a sampler. */
export interface SamplerRun {
  readonly kind: SamplerKind;
  readonly schedule: CosineSchedule;
  readonly steps: number;
  /** Number of values in the latent. */
  readonly length: number;
  readonly noise: NoiseSource;
  /** The network. Its output is what `prediction` says; absent: the noise. */
  readonly predict: NoisePrediction;
  readonly prediction?: PredictionKind;
  /** From the start's strength, or 1, down to the last target; absent: as many of `steps` as fit, evenly down to 0. */
  readonly times?: Float32Array | undefined;
  /** Absent: pure noise. */
  readonly start?: SamplerStart | undefined;
  /** Told of every step when it is done. What it makes of that changes nothing of the latent. */
  readonly onStep?: ((step: SampledStep) => void) | undefined;
}

/** A step that is done. */
export interface SampledStep {
  /** 1 for the first. */
  readonly step: number;
  /** How many there are: a start takes fewer than a run from pure noise. */
  readonly steps: number;
  /** The clean latent that the step's prediction implies; computed on demand. */
  readonly cleanEstimate: () => Float32Array;
}

/** A clean latent to start from. */
export interface SamplerStart {
  readonly latent: Float32Array;
  /** The time at which sampling begins, above 0 up to 1, which is pure noise, as without a start. */
  readonly strength: number;
  /** 1 for each value that is made, 0 for each that stays the start's own; absent: all are made. */
  readonly mask?: Uint8Array | undefined;
}

/**
 * From noise to a latent in `steps` predictions, or with a start in those of its part of the schedule. The first draw
 * of `noise` is where it starts; a mask draws once more before each prediction, and ddpm after it.
 */
export async function sample(run: SamplerRun): Promise<Float32Array> {
  const strength = run.start?.strength ?? 1;
  const times = run.times ?? samplerTimes(stepsRun(run.steps, strength), strength);
  const advance = samplers[run.kind](run.schedule);
  const draw = () => run.noise.draw(run.length);
  let latent = firstLatent(run, times[0] ?? 1);
  for (const [index, t] of times.subarray(0, -1).entries()) {
    const noisy = withNoisyStart(run, latent, t);
    const said = await run.predict(noisy, t);
    const predicted = impliedNoise(run.schedule, { prediction: run.prediction ?? "epsilon", said, latent: noisy, t });
    const span = { t, tNext: times[index + 1] ?? 0 };
    latent = advance({ span, latent: noisy, predicted, draw });
    const step = { step: index + 1, steps: times.length - 1 };
    run.onStep?.({ ...step, cleanEstimate: () => cleanEstimate(run.schedule, t, noisy, predicted) });
  }
  return latent;
}

function firstLatent({ schedule, noise, length, start }: SamplerRun, t: number): Float32Array {
  const drawn = noise.draw(length);
  return start === undefined || t === 1 ? drawn : addNoise(schedule, start.latent, drawn, t);
}

/** The latent with what the mask keeps taken from the start, as noisy as the latent is at this moment. */
function withNoisyStart({ start, schedule, noise, length }: SamplerRun, latent: Float32Array, t: number): Float32Array {
  if (start?.mask === undefined) return latent;
  return withKept(start.mask, latent, addNoise(schedule, start.latent, noise.draw(length), t));
}

/** `made` where the mask is 1, `kept` where it is 0. All of one length. */
export function withKept(mask: Uint8Array, made: Float32Array, kept: Float32Array): Float32Array {
  return made.map((value, i) => (mask[i] === 1 ? value : (kept[i] ?? 0)));
}
