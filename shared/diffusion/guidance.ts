/** Predicts the noise in a latent at a time in [0, 1]; the same length as the latent. */
export type NoisePrediction = (latent: Float32Array, t: number) => Promise<Float32Array>;

/** Whether a scale needs two predictions. A scale of 1 or less means one pass at half the cost. */
export function isGuided(scale: number): boolean {
  return scale > 1;
}

/** Classifier-free guidance (Ho & Salimans 2022) of two predictions of one length: u + scale · (c − u) in float32. */
export function guide(scale: number, unconditional: Float32Array, conditional: Float32Array): Float32Array {
  const scale32 = Math.fround(scale);
  return unconditional.map((u, i) => u + Math.fround(scale32 * Math.fround((conditional[i] ?? 0) - u)));
}
