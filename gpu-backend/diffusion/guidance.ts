/** Predicts the noise in a latent at a time in [0, 1]; the same length as the latent. */
export type NoisePrediction = (latent: Float32Array, t: number) => Promise<Float32Array>;

/** What a guided prediction is made of. */
export interface GuidanceParts {
  readonly conditional: NoisePrediction;
  /** Asked for only when guidance is on. */
  readonly unconditional: NoisePrediction;
  readonly scale: number;
}

/**
 * Classifier-free guidance (Ho & Salimans 2022), u + scale · (c − u) in float32. A scale of 1 or less means one pass
 * at half the cost.
 */
export function guided({ conditional, unconditional, scale }: GuidanceParts): NoisePrediction {
  if (scale <= 1) return conditional;
  const scale32 = Math.fround(scale);

  return async (latent, t) => {
    const away = await unconditional(latent, t);
    const towards = await conditional(latent, t);
    return away.map((u, i) => u + Math.fround(scale32 * Math.fround((towards[i] ?? 0) - u)));
  };
}
