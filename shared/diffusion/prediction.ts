import type { PredictionKind } from "../models/manifest.ts";
import { alphaBar, type CosineSchedule } from "./schedule.ts";

/**
 * The noise in `latent` at time `t` that a network's output implies, in float32: the output itself (epsilon), from the
 * clean latent (sample), or from v = √ᾱ · noise − √(1 − ᾱ) · clean (Salimans & Ho 2022). All of one length.
 */
export function impliedNoise(
  schedule: CosineSchedule,
  {
    prediction,
    said,
    latent,
    t,
  }: {
    readonly prediction: PredictionKind;
    readonly said: Float32Array;
    readonly latent: Float32Array;
    readonly t: number;
  },
): Float32Array {
  if (prediction === "epsilon") return said;
  const signal = alphaBar(schedule, t);
  const amplitude = Math.fround(Math.sqrt(signal));
  const noiseAmplitude = Math.fround(Math.sqrt(Math.fround(1 - signal)));
  const from: Readonly<Record<Exclude<PredictionKind, "epsilon">, (x: number, said: number) => number>> = {
    sample: (x, clean) => Math.fround(x - Math.fround(amplitude * clean)) / noiseAmplitude,
    v_prediction: (x, v) => Math.fround(noiseAmplitude * x) + Math.fround(amplitude * v),
  };
  return latent.map((x, i) => from[prediction](x, said[i] ?? 0));
}
