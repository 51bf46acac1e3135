/** The noise schedule of a model: the manifest's `schedule`. */
export interface CosineSchedule {
  readonly s: number;
  readonly clampMin: number;
  readonly clampMax: number;
}

/**
 * Share of signal power at time `t`, which runs from 1 (noise) to 0 (clean): cos² of Nichol & Dhariwal 2021, clamped.
 * Every operation is rounded to float32, as in training: near t = 1 the steps magnify differences some 70 times.
 */
export function alphaBar({ s, clampMin, clampMax }: CosineSchedule, t: number): number {
  const start = Math.fround(Math.cos(((s / (1 + s)) * Math.PI) / 2) ** 2);
  const shifted = Math.fround(Math.fround(t + Math.fround(s)) / Math.fround(1 + s));
  const angle = Math.fround(Math.fround(shifted * Math.fround(Math.PI)) * 0.5);
  const cosine = Math.fround(Math.cos(angle));
  const share = Math.fround(Math.fround(cosine * cosine) / start);
  return Math.min(Math.max(share, Math.fround(clampMin)), Math.fround(clampMax));
}

/** The `steps + 1` float32 times from `first` down to 0, as `torch.linspace` gives them, bit for bit. */
export function samplerTimes(steps: number, first = 1): Float32Array<ArrayBuffer> {
  const start = Math.fround(first);
  const stride = Math.fround(-start / steps);
  const half = Math.floor((steps + 1) / 2);
  return Float32Array.from({ length: steps + 1 }, (_, i) => (i < half ? start + stride * i : -stride * (steps - i)));
}

/** A clean latent at time `t`, in float32: √ᾱ · clean + √(1 − ᾱ) · noise. */
export function addNoise(schedule: CosineSchedule, clean: Float32Array, noise: Float32Array, t: number): Float32Array {
  const signal = alphaBar(schedule, t);
  const amplitude = Math.fround(Math.sqrt(signal));
  const noiseAmplitude = Math.fround(Math.sqrt(Math.fround(1 - signal)));
  return clean.map((x, i) => Math.fround(amplitude * x) + Math.fround(noiseAmplitude * (noise[i] ?? 0)));
}

/** The clean latent that a prediction of the noise in `latent` at time `t` implies. */
export function cleanEstimate(
  schedule: CosineSchedule,
  t: number,
  latent: Float32Array,
  predicted: Float32Array,
): Float32Array {
  const signal = alphaBar(schedule, t);
  return latent.map((x, i) => (x - Math.sqrt(1 - signal) * (predicted[i] ?? 0)) / Math.sqrt(signal));
}

/** From time `t` to the smaller `tNext`. */
export interface StepSpan {
  readonly t: number;
  readonly tNext: number;
}
