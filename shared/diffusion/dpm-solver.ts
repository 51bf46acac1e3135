import { alphaBar, type CosineSchedule, cleanEstimate } from "./schedule.ts";
import type { SamplerStep, Stepper } from "./stepper.ts";

const { exp, fround, log, sqrt } = Math;

/** What a step leaves to the next one. */
interface StepBefore {
  readonly clean: Float32Array;
  /** Half the logarithm of the signal-to-noise ratio at the step's start. */
  readonly lambda: number;
}

/**
 * DPM-Solver++ 2M (Lu et al. 2022, arXiv 2211.01095, algorithm 2): deterministic and of second order, by the estimates
 * of two steps at the price of one. Its first step is of first order, which is DDIM's.
 */
export function createDpmSolverMultistep(schedule: CosineSchedule): Stepper {
  let before: StepBefore | undefined;

  return ({ span, latent, predicted }: SamplerStep) => {
    const signal = alphaBar(schedule, span.t);
    const signalNext = alphaBar(schedule, span.tNext);
    const lambda = halfLogSnr(signal);
    const h = halfLogSnr(signalNext) - lambda;
    const clean = cleanEstimate(schedule, span.t, latent, predicted);
    const target = extrapolate(clean, before, { lambda, h });
    before = { clean, lambda };
    const decay = fround(sqrt((1 - signalNext) / (1 - signal)));
    const gain = fround(sqrt(signalNext) * (1 - exp(-h)));
    return latent.map((x, i) => fround(decay * x) + fround(gain * (target[i] ?? 0)));
  };
}

/**
 * The clean latent half a step ahead, along the line through the last two estimates. Where the schedule is clamped two
 * times have one lambda, and no line goes through them.
 */
function extrapolate(
  clean: Float32Array,
  before: StepBefore | undefined,
  { lambda, h }: { readonly lambda: number; readonly h: number },
): Float32Array {
  const hBefore = before === undefined ? 0 : lambda - before.lambda;
  if (before === undefined || hBefore === 0) return clean;
  const ahead = h / hBefore / 2;
  return clean.map((value, i) => value + ahead * (value - (before.clean[i] ?? 0)));
}

function halfLogSnr(signal: number): number {
  return log(signal / (1 - signal)) / 2;
}
