import { alphaBar, type CosineSchedule, type StepSpan } from "./schedule.ts";

const { fround, sqrt } = Math;

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
