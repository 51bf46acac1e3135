import { z } from "zod";
import type { Failure } from "../errors.ts";
import { imageStatesCharactersMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { queryWithTerms, shareKeySchema, type TaskTerms, taskTermsParameters } from "./task-terms.ts";

/** Where the backend reads a picture as part of a prompt: POST, a PNG, JPEG or WebP file in, JSON out. */
export const encodeImagePromptPath = "/encode-image-prompt";

const querySchema = z.strictObject({
  model: z.string().min(1).max(128),
  revision: z.string().min(1).max(128),
  /** As of `/encode-image`. */
  shareKey: shareKeySchema.optional(),
  ...taskTermsParameters,
});

/** What a picture is read for. */
export interface EncodeImagePromptRequest extends TaskTerms {
  readonly model: string;
  readonly revision: string;
  readonly shareKey?: string | undefined;
}

/** What Stage C reads of a picture: float16, little-endian, in standard base64 with padding. */
export const imageStatesSchema = z.base64().min(1).max(imageStatesCharactersMax);

const millisecondsSchema = z.number().min(0);

const responseSchema = z.object({
  states: imageStatesSchema,
  milliseconds: z.object({ queue: millisecondsSchema, imageEncoder: millisecondsSchema }),
});

/** A picture as Stage C reads it. */
export type EncodeImagePromptResponse = z.infer<typeof responseSchema>;

/** The path and query of a request, the one spelling that both sides sign. */
export function encodeImagePromptTarget({ model, revision, shareKey, ...terms }: EncodeImagePromptRequest): string {
  return `${encodeImagePromptPath}?${queryWithTerms({ model, revision, shareKey }, terms)}`;
}

/** Reads the query's parameters. Fails with `invalid_request` naming the parameter. */
export function parseEncodeImagePromptQuery(
  query: Readonly<Record<string, string>>,
): Result<EncodeImagePromptRequest, Failure> {
  const parsed = querySchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}

/** The edge's reading of an answer. Fails with `backend_failed`. */
export function parseEncodeImagePromptResponse(json: unknown): Result<EncodeImagePromptResponse, Failure> {
  const { data } = responseSchema.safeParse(json);
  return data === undefined ? err({ code: "backend_failed" }) : ok(data);
}
