import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { err, ok, type Result } from "../result.ts";
import { type CreateImageRequest, parseCreateImageRequest } from "./create-image-request.ts";
import { parseEditRequest, parseVariationRequest, variationBodySchema } from "./start-image-request.ts";

/** What is quoted, by its path; OpenAI's Batch names its requests by the same field. */
export const quotedEndpointSchema = z.enum(["/v1/images/generations", "/v1/images/edits", "/v1/images/variations"]);

/** The fields of `POST /v1/quotes` beside those of the request that is quoted, without its files. */
export const quoteFields = {
  endpoint: quotedEndpointSchema.default("/v1/images/generations").describe("Where the request will be sent."),
  mask: z.boolean().default(false).describe("Whether an edit or a variation will come with a mask."),
  strength: variationBodySchema.shape.strength,
  input_fidelity: variationBodySchema.shape.input_fidelity,
};

/** A request that is to be priced. `startStrength`: 0…1, of one that starts from a picture. */
export interface QuoteRequest {
  readonly request: CreateImageRequest;
  readonly startStrength: number | undefined;
}

/** Reads the body of `POST /v1/quotes`. Fails with `invalid_request` naming the first field that is wrong. */
export function parseQuoteRequest(json: unknown): Result<QuoteRequest, Failure> {
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  // What a body holds is checked by the schemas that come after.
  const { endpoint: wanted, ...fields } = isObject ? (json as Readonly<Record<string, unknown>>) : {};
  const endpoint = quotedEndpointSchema.safeParse(wanted ?? "/v1/images/generations");
  if (!endpoint.success) {
    return err(invalidRequest("endpoint", "'endpoint' is not valid.", quotedEndpointSchema.options));
  }
  if (endpoint.data === "/v1/images/generations") {
    const request = parseCreateImageRequest(isObject ? fields : json);
    return request.ok ? ok({ request: request.value, startStrength: undefined }) : request;
  }
  const { mask = false, ...others } = fields;
  if (typeof mask !== "boolean" && mask !== null) {
    return err(invalidRequest("mask", "'mask' must be true or false: a quote takes no files."));
  }
  const read = endpoint.data === "/v1/images/edits" ? parseEditRequest : parseVariationRequest;
  const start = read(others, mask === true);
  return start.ok ? ok({ request: start.value.request, startStrength: start.value.strength }) : start;
}
