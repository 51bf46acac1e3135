import { z } from "zod";
import type { DecodeOptions } from "../decode-options.ts";
import type { Failure } from "../errors.ts";
import { outputFormatSchema } from "../output-format-schema.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { queryWithTerms, type TaskTerms, taskTermsParameters } from "./task-terms.ts";

/** Where the backend turns latents into pictures: POST, one latent file in, image bytes out. */
export const decodePath = "/decode";

/** The content type of a latent file. */
export const latentContentType = "application/octet-stream";

/** The parts of a decode in the `server-timing` header of its answer, each in milliseconds. */
export const decodeTimings = ["queue", "stage-b", "stage-a", "encode"] as const;

const querySchema = z.strictObject({
  format: outputFormatSchema,
  /** Of jpeg and webp; the encoder's default when absent. */
  quality: z
    .string()
    .regex(/^\d{1,3}$/u)
    .transform(Number)
    .pipe(z.int().min(0).max(100))
    .optional(),
  background: z
    .string()
    .regex(/^[0-9a-f]{6}$/u)
    .optional(),
  ...taskTermsParameters,
});

/** A decode request and its terms. */
export interface DecodeRequest extends DecodeOptions, TaskTerms {}

/** The path and query of a decode request, the one spelling that both sides sign. */
export function decodeTarget({ format, quality, background, ...terms }: DecodeRequest): string {
  return `${decodePath}?${queryWithTerms({ format, quality, background }, terms)}`;
}

/** Reads the query's parameters. Fails with `invalid_request` naming the parameter. */
export function parseDecodeQuery(query: Readonly<Record<string, string>>): Result<DecodeRequest, Failure> {
  const parsed = querySchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}
