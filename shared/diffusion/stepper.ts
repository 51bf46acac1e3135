import type { CosineSchedule, StepSpan } from "./schedule.ts";

/** What one step starts from. All arrays have the latent's length. */
export interface SamplerStep {
  readonly span: StepSpan;
  /** At time `span.t`. */
  readonly latent: Float32Array;
  /** The noise that the model predicts in `latent`. */
  readonly predicted: Float32Array;
  /** Fresh standard normal numbers. A deterministic algorithm never calls it. */
  readonly draw: () => Float32Array;
}

/** Takes the steps of one run, in order, and returns the latent at `span.tNext`. It may remember earlier steps. */
export type Stepper = (step: SamplerStep) => Float32Array;

/** One algorithm: begins a run on a schedule. */
export type SamplerAlgorithm = (schedule: CosineSchedule) => Stepper;
