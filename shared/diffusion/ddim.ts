import { alphaBar, type CosineSchedule, type StepSpan } from "./schedule.ts";

const { fround, sqrt } = Math;

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
