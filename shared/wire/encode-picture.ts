import { z } from "zod";
import type { Failure } from "../errors.ts";
import { latentBase64CharactersMax, maskCellsMax, picturePixelsMax } from "../limits.ts";
import { parseImageSize } from "../models/image-size.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { queryWithTerms, shareKeySchema, type TaskTerms, taskTermsParameters } from "./task-terms.ts";

/** Where the backend turns a picture into a latent: POST, a PNG, JPEG or WebP file in, JSON out. */
export const encodeImagePath = "/encode-image";

/** Where the backend turns a mask into cells of a latent: POST, a PNG, JPEG or WebP file in, JSON out. */
export const encodeMaskPath = "/encode-mask";

/** The content type of a picture of any kind; its first bytes determine the kind. */
export const pictureContentType = "application/octet-stream";

const querySchema = z.strictObject({
  /** The size of the picture that is wanted, one that the model offers. */
  size: z.string().refine((text) => parseImageSize(text) !== undefined, "must be WIDTHxHEIGHT in pixels"),
  /** Of which model, as in a Stage C task. Absent in the requests of 0.1: of the backend's default. */
  model: z.string().min(1).max(128).optional(),
  revision: z.string().min(1).max(128).optional(),
  /** As in a Stage C task: without it, the time of an upload would reveal to one tenant what another has uploaded. */
  shareKey: shareKeySchema.optional(),
  ...taskTermsParameters,
});

/**
 * What a picture is read for. Rule: it is turned upright, laid on white, and scaled to cover the size; what sticks out
 * is cut off evenly on both sides. A mask takes the same way, so both stay one above the other.
 */
export interface EncodeRequest extends TaskTerms {
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly model?: string | undefined;
  readonly revision?: string | undefined;
  /** Uploads of the same file share a run only where this is the same. */
  readonly shareKey?: string | undefined;
}

const sideSchema = z.int().min(1).max(picturePixelsMax);
const readFields = {
  /** Of the picture as it was sent, upright. Pixels. */
  width: sideSchema,
  height: sideSchema,
};
const millisecondsSchema = z.number().min(0);

const imageResponseSchema = z.object({
  ...readFields,
  /** A latent file in standard base64 with padding. */
  safetensors: z.base64().min(1).max(latentBase64CharactersMax),
  milliseconds: z.object({ queue: millisecondsSchema, compressor: millisecondsSchema }),
});

const maskResponseSchema = z.object({
  ...readFields,
  /** As `start.mask` of a Stage C task: a cell is 1 where more than 2 % of it is to be painted. */
  cells: z
    .string()
    .regex(/^[01]+$/u)
    .max(maskCellsMax),
});

/** A picture as a latent. */
export type EncodeImageResponse = z.infer<typeof imageResponseSchema>;

/** A mask as cells. */
export type EncodeMaskResponse = z.infer<typeof maskResponseSchema>;

/** The path and query of a request, the one spelling that both sides sign. */
export function encodeTarget(
  path: typeof encodeImagePath | typeof encodeMaskPath,
  { size, model, revision, shareKey, ...terms }: EncodeRequest,
): string {
  return `${path}?${queryWithTerms({ size, model, revision, shareKey }, terms)}`;
}

/** Reads the query's parameters. Fails with `invalid_request` naming the parameter. */
export function parseEncodeQuery(query: Readonly<Record<string, string>>): Result<EncodeRequest, Failure> {
  const parsed = querySchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}

/** The edge's reading of an answer. Fails with `backend_failed`. */
export function parseEncodeImageResponse(json: unknown): Result<EncodeImageResponse, Failure> {
  return readAnswer(imageResponseSchema, json);
}

/** The edge's reading of an answer. Fails with `backend_failed`. */
export function parseEncodeMaskResponse(json: unknown): Result<EncodeMaskResponse, Failure> {
  return readAnswer(maskResponseSchema, json);
}

function readAnswer<Value>(schema: z.ZodType<Value>, json: unknown): Result<Value, Failure> {
  const { data } = schema.safeParse(json);
  return data === undefined ? err({ code: "backend_failed" }) : ok(data);
}
