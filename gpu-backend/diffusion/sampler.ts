import type { NoisePrediction } from "./guidance.ts";
import type { NoiseSource } from "./noise-source.ts";
import { alphaBar, type CosineSchedule, samplerTimes } from "./schedule.ts";

const { fround, sqrt } = Math;

/** "ddim" is deterministic after its first draw; "ddpm" draws again at every step. */
export type SamplerKind = "ddim" | "ddpm";

/** One run of a sampler. */
export interface SamplerRun {
  readonly kind: SamplerKind;
  readonly schedule: CosineSchedule;
  readonly steps: number;
  /** Number of values in the latent. */
  readonly length: number;
  readonly noise: NoiseSource;
  readonly predict: NoisePrediction;
  /** From 1 down to the last target, one more than `steps`; absent: evenly spaced down to 0. */
  readonly times?: Float32Array | undefined;
}

/** From pure noise to a latent in `steps` predictions. The first draw of `noise` is where it starts. */
export async function sample(run: SamplerRun): Promise<Float32Array> {
  const times = run.times ?? samplerTimes(run.steps);
  let latent: Float32Array = run.noise.draw(run.length);
  for (const [index, t] of times.subarray(0, -1).entries()) {
    const predicted = await run.predict(latent, t);
    const span = { t, tNext: times[index + 1] ?? 0 };
    latent =
      run.kind === "ddim"
        ? ddimStep(run.schedule, span, latent, predicted)
        : ddpmStep(run.schedule, span, latent, { predicted, drawn: run.noise.draw(run.length) });
  }
  return latent;
}

/** From time `t` to the smaller `tNext`. */
export interface StepSpan {
  readonly t: number;
  readonly tNext: number;
}

/** DDIM with eta 0 (Song et al. 2020): to the clean latent that the prediction implies, and back up to `tNext`. */
export function ddimStep(
  schedule: CosineSchedule,
  span: StepSpan,
  latent: Float32Array,
  predicted: Float32Array,
): Float32Array {
  const signal = alphaBar(schedule, span.t);
  const signalNext = alphaBar(schedule, span.tNext);
  const amplitude = fround(sqrt(signal));
  const noiseAmplitude = fround(sqrt(fround(1 - signal)));
  const amplitudeNext = fround(sqrt(signalNext));
  const noiseAmplitudeNext = fround(sqrt(fround(1 - signalNext)));

  return latent.map((x, i) => {
    const eps = predicted[i] ?? 0;
    const clean = fround(fround(x - fround(noiseAmplitude * eps)) / amplitude);
    return fround(amplitudeNext * clean) + fround(noiseAmplitudeNext * eps);
  });
}

/** What the ancestral step needs beside the latent: the noise predicted in it, and fresh noise. */
export interface DdpmNoise {
  readonly predicted: Float32Array;
  readonly drawn: Float32Array;
}

/** DDPM's ancestral step (Ho et al. 2020) on continuous time. Fresh noise has no effect on the step to 0. */
export function ddpmStep(
  schedule: CosineSchedule,
  { t, tNext }: StepSpan,
  latent: Float32Array,
  { predicted, drawn }: DdpmNoise,
): Float32Array {
  const signal = alphaBar(schedule, t);
  const signalNext = alphaBar(schedule, tNext);
  const ratio = fround(signal / signalNext);
  const noisePower = fround(1 - signal);
  const amplitude = fround(sqrt(ratio));
  const noiseAmplitude = fround(sqrt(noisePower));
  const variance = fround(fround(fround(1 - ratio) * fround(1 - signalNext)) / noisePower);
  const deviation = tNext === 0 ? 0 : fround(sqrt(variance));

  return latent.map((x, i) => {
    const removed = fround(fround(fround(1 - ratio) * (predicted[i] ?? 0)) / noiseAmplitude);
    return fround(fround(x - removed) / amplitude) + fround(deviation * (drawn[i] ?? 0));
  });
}
