import type { SamplerKind } from "../models/manifest.ts";
import { ddimStep } from "./ddim.ts";
import { ddpmStep } from "./ddpm.ts";
import { createDpmSolverMultistep } from "./dpm-solver.ts";
import type { SamplerAlgorithm } from "./stepper.ts";

/** The algorithm of every kind that a manifest can name. "ddpm" alone draws noise at every step. */
export const samplers: Readonly<Record<SamplerKind, SamplerAlgorithm>> = {
  ddim:
    (schedule) =>
    ({ span, latent, predicted }) =>
      ddimStep(schedule, span, latent, predicted),
  ddpm:
    (schedule) =>
    ({ span, latent, predicted, draw }) =>
      ddpmStep(schedule, span, latent, { predicted, drawn: draw() }),
  "dpmpp-2m": createDpmSolverMultistep,
};
