import { z } from "zod";
import type { Failure } from "../errors.ts";
import { latentBase64CharactersMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";

/** Where the backend mixes two latents: POST, JSON both ways. */
export const interpolatePath = "/interpolate";

/** Where the backend checks a latent from outside: POST, a latent file in, JSON out. */
export const checkLatentPath = "/check-latent";

const latentSchema = z.base64().min(1).max(latentBase64CharactersMax);

const interpolateSchema = z.strictObject({
  /** Two latent files of the loaded model, of one shape, in standard base64 with padding. */
  latents: z.tuple([latentSchema, latentSchema]),
  /** 0 is the first, 1 the second, both exact. In between they are mixed along the great circle (slerp). */
  t: z.number().min(0).max(1),
});

const answerSchema = z.object({
  /** "WIDTHxHEIGHT" in pixels: the picture that the latent stands for. */
  size: z.string(),
  /** A latent file in standard base64 with padding. */
  safetensors: latentSchema,
});

/** Two latents and how far from the first to the second. The mix takes the seed of the nearer one, the first at ½. */
export type InterpolateRequest = z.infer<typeof interpolateSchema>;

/** A latent in the one form that this service writes, and what it stands for. */
export type LatentAnswer = z.infer<typeof answerSchema>;

/** The backend's reading of a request. Fails with `invalid_request` naming the field. */
export function parseInterpolateRequest(json: unknown): Result<InterpolateRequest, Failure> {
  const parsed = interpolateSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, json));
}

/** The edge's reading of either answer. Fails with `backend_failed`. */
export function parseLatentAnswer(json: unknown): Result<LatentAnswer, Failure> {
  const { data } = answerSchema.safeParse(json);
  return data === undefined ? err({ code: "backend_failed" }) : ok(data);
}
