import { type Failure, invalidRequest } from "../errors.ts";
import { err, ok, type Result } from "../result.ts";
import {
  forEachSamplingField,
  publicName,
  type Sampling,
  samplingFieldNames,
  type WantedSampling,
} from "../sampling-fields.ts";
import type { Manifest } from "./manifest.ts";

/** Fills in the model's defaults. Fails, naming the public field and the range, on a value the model does not offer. */
export function resolveSampling(manifest: Manifest, wanted: Partial<WantedSampling>): Result<Sampling, Failure> {
  const ranges = manifest.sampler.stageC;
  const sampling = forEachSamplingField((field) => wanted[field] ?? ranges[field].default);
  for (const field of samplingFieldNames) {
    const { min, max } = ranges[field];
    // Not the other way round: NaN is outside too.
    if (!(sampling[field] >= min && sampling[field] <= max)) {
      const name = publicName(field);
      return err(invalidRequest(name, `'${name}' must be from ${min} to ${max} for this model.`));
    }
  }
  return ok(sampling);
}

/**
 * How many of `steps` run from a start of this strength (0…1): they cover the same part of the schedule. Rounded up,
 * but not for the error of a product: 7 steps of 10 at 0.7.
 */
export function stepsRun(steps: number, strength: number): number {
  return Math.ceil(Number((steps * strength).toFixed(6)));
}
