import { z } from "zod";
import type { Failure } from "../errors.ts";
import {
  imagePromptsMax,
  imagesPerRequestMax,
  latentBase64CharactersMax,
  maskCellsMax,
  seedMax,
  stepsMax,
  tokensPerPromptMax,
} from "../limits.ts";
import { outputFormatSchema } from "../output-format-schema.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { samplingFields } from "../sampling-fields.ts";
import { imageStatesSchema } from "./encode-image-prompt.ts";
import { queryWithTerms, shareKeySchema, type TaskTerms, taskTermsParameters } from "./task-terms.ts";

/** Where the backend takes Stage C tasks: POST, JSON both ways; terms in the query. */
export const stageCPath = "/stage-c";

const tokenIdsSchema = z.array(z.int().min(0)).min(1).max(tokensPerPromptMax);
const sideSchema = z.int().min(1);

const startSchema = z.strictObject({
  /** A latent file of the same model, revision and shape, in standard base64 with padding. */
  latent: z.base64().max(latentBase64CharactersMax),
  /**
   * How much of it is made anew: sampling begins at this time. At 0 it stays as it is, at 1 it begins as pure noise.
   */
  strength: z.number().min(0).max(1),
  /** A cell each, rows from the top: 1 is made anew, 0 stays as it is. Without a mask everything is made anew. */
  mask: z
    .string()
    .regex(/^[01]+$/u)
    .max(maskCellsMax)
    .optional(),
});

/**
 * Previews, for a sender that accepts events (stage-c-events.ts). They change nothing of the latents; identical tasks
 * share a run, and its previews are those that the first of them asked for.
 */
const previewFields = {
  /** After every so many steps but the last; 0 or absent: none. A bundle without a previewer gives none either. */
  previewEverySteps: z.int().min(0).max(stepsMax).optional(),
  /** "webp" when absent. */
  previewFormat: outputFormatSchema.optional(),
};

const requestSchema = z.strictObject({
  model: z.string().min(1).max(128),
  /** Must be the loaded bundle's, or a latent would be stored under another model's key. */
  revision: z.string().min(1).max(128),
  tokenIds: tokenIdsSchema,
  negativeTokenIds: tokenIdsSchema,
  /** One latent for each, in this order. */
  seeds: z.array(z.int().min(0).max(seedMax)).min(1).max(imagesPerRequestMax),
  ...samplingFields,
  /** (channels, height, width) */
  latentShape: z.tuple([sideSchema, sideSchema, sideSchema]),
  /** Absent: sampling begins as pure noise, from the text alone. */
  start: startSchema.optional(),
  /** Pictures that are part of the prompt, each as `/encode-image-prompt` gave it. */
  imagePrompts: z.array(imageStatesSchema).min(1).max(imagePromptsMax).optional(),
  /**
   * Identical tasks share a run, or the outcome of a recent one, only where this is the same: without it, how long a
   * task takes would tell one tenant what another has asked for.
   */
  shareKey: shareKeySchema.optional(),
  ...previewFields,
});

const termsSchema = z.strictObject(taskTermsParameters);

const millisecondsSchema = z.number().min(0);

const responseSchema = z.object({
  model: z.string(),
  revision: z.string(),
  latents: z
    .array(
      z.object({
        seed: z.int().min(0).max(seedMax),
        /** A latent file in standard base64 with padding. */
        safetensors: z.base64().max(latentBase64CharactersMax),
      }),
    )
    .min(1)
    .max(imagesPerRequestMax),
  /** Until the task began, and then the device's time by part: a task that shared a batch counts its share of it. */
  milliseconds: z.object({ queue: millisecondsSchema, textEncoder: millisecondsSchema, stageC: millisecondsSchema }),
});

/** Token ids and seeds in: the backend never sees a prompt's text. */
export type StageCRequest = z.infer<typeof requestSchema>;

/** What a task starts from. */
export type StageCStart = z.infer<typeof startSchema>;

/** One latent a seed, in the request's order, and what the task took. */
export type StageCResponse = z.infer<typeof responseSchema>;

/** The path and query of a task on these terms, the one spelling that both sides sign. */
export function stageCTarget(terms: TaskTerms): string {
  const query = queryWithTerms({}, terms);
  return query === "" ? stageCPath : `${stageCPath}?${query}`;
}

/** Reads the query's parameters. Fails with `invalid_request` naming the parameter. */
export function parseStageCTerms(query: Readonly<Record<string, string>>): Result<TaskTerms, Failure> {
  const parsed = termsSchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}

/** The backend's reading of a task. Fails with `invalid_request` naming the field. */
export function parseStageCRequest(json: unknown): Result<StageCRequest, Failure> {
  const parsed = requestSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, json));
}

/** The edge's reading of the answer to `request`. Fails with `backend_failed` unless it answers just that request. */
export function parseStageCResponse(json: unknown, request: StageCRequest): Result<StageCResponse, Failure> {
  const { data } = responseSchema.safeParse(json);
  const answers =
    data?.revision === request.revision &&
    data.model === request.model &&
    data.latents.length === request.seeds.length &&
    data.latents.every((latent, index) => latent.seed === request.seeds[index]);
  return answers ? ok(data) : err({ code: "backend_failed" });
}
