import { type Failure, invalidRequest } from "../errors.ts";
import { err, ok, type Result } from "../result.ts";
import type { Manifest } from "./manifest.ts";

/** How Stage C samples: number of steps and strength of guidance. */
export interface Sampling {
  readonly steps: number;
  readonly guidanceScale: number;
}

/** Fills in the model's defaults. Fails, naming the public field and the range, on a value the model does not offer. */
export function resolveSampling(
  manifest: Manifest,
  wanted: { readonly steps?: number | undefined; readonly guidanceScale?: number | undefined },
): Result<Sampling, Failure> {
  const ranges = manifest.sampler.stageC;
  const steps = wanted.steps ?? ranges.steps.default;
  const guidanceScale = wanted.guidanceScale ?? ranges.guidanceScale.default;
  const problem =
    outside("steps", steps, ranges.steps) ?? outside("guidance_scale", guidanceScale, ranges.guidanceScale);
  return problem === undefined ? ok({ steps, guidanceScale }) : err(problem);
}

/**
 * How many of `steps` run from a start of this strength (0…1): they cover the same part of the schedule. Rounded up,
 * but not for the error of a product: 7 steps of 10 at 0.7.
 */
export function stepsRun(steps: number, strength: number): number {
  return Math.ceil(Number((steps * strength).toFixed(6)));
}

function outside(
  field: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): Failure | undefined {
  if (value >= min && value <= max) return undefined;
  return invalidRequest(field, `'${field}' must be from ${min} to ${max} for this model.`);
}
