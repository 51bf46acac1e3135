import { z } from "zod";
import type { Failure } from "../errors.ts";
import { ok, type Result } from "../result.ts";
import {
  type CreateImageRequest,
  createImageBodySchema,
  promptTextSchema,
  readImageFields,
  toImageRequest,
} from "./create-image-request.ts";

// Requests for images that start from a picture or a latent: edits and variations. Their files are read elsewhere.

/** Without a mask: bound enough to know the picture again, free enough to follow the prompt. */
const editStrengthDefault = 0.7;

/** Where the mask says so, everything is new. */
const maskedStrengthDefault = 1;

/** A sibling of the picture. */
const variationStrengthDefault = 0.5;

const startFields = {
  /** Nothing is similar to what starts from a picture. */
  reuse: z.enum(["prefer", "fresh"]).default("prefer"),
  strength: z.number().min(0).max(1).optional(),
  /** OpenAI's; `strength` says the same in finer steps. */
  input_fidelity: z.enum(["high", "low"]).optional(),
};

/** The body of `POST /v1/images/edits` as clients write it, but its files. */
export const editBodySchema = createImageBodySchema.extend(startFields);
/** The body of both kinds of variations as clients write it, but its files. */
export const variationBodySchema = editBodySchema.extend({
  prompt: promptTextSchema.default(""),
});

/** A checked request, and how much of what it starts from is made anew. */
export interface StartImageRequest {
  readonly request: CreateImageRequest;
  /** 0…1 */
  readonly strength: number;
}

/**
 * Reads the fields of `POST /v1/images/edits` but its files. Fails with `invalid_request` naming the first wrong one.
 */
export function parseEditRequest(fields: unknown, hasMask: boolean): Result<StartImageRequest, Failure> {
  const wire = readImageFields(editBodySchema, fields);
  return wire.ok ? toStartRequest(wire.value, hasMask ? maskedStrengthDefault : editStrengthDefault) : wire;
}

/**
 * Reads the fields of `POST /v1/images/variations` but its file. The prompt may be left out. Fails with
 * `invalid_request` naming the first wrong one.
 */
export function parseVariationRequest(fields: unknown, hasMask: boolean): Result<StartImageRequest, Failure> {
  const wire = readImageFields(variationBodySchema, fields);
  return wire.ok ? toStartRequest(wire.value, hasMask ? maskedStrengthDefault : variationStrengthDefault) : wire;
}

function toStartRequest(
  wire: z.infer<typeof variationBodySchema>,
  strengthDefault: number,
): Result<StartImageRequest, Failure> {
  const { strength, input_fidelity: _, ...fields } = wire;
  const request = toImageRequest(fields);
  return request.ok ? ok({ request: request.value, strength: strength ?? strengthDefault }) : request;
}

/** The fields that a form sends as text and that are numbers. Any other text stays one. */
const numberFields = new Set(
  Object.entries(variationBodySchema.shape)
    .filter(([, schema]) => isNumber(schema))
    .map(([name]) => name),
);

function isNumber(schema: unknown): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return isNumber(schema.unwrap());
  return schema instanceof z.ZodNumber;
}

/** The text fields of a form as JSON would give them. What is no number stays text, for the schema to refuse. */
export function fieldsOfForm(texts: readonly (readonly [name: string, text: string])[]): Record<string, unknown> {
  return Object.fromEntries(texts.map(([name, text]) => [name, meaningOf(name, text)]));
}

function meaningOf(name: string, text: string): unknown {
  if (name === "stream" && (text === "true" || text === "false")) return text === "true";
  if (!numberFields.has(name) || !/^-?\d+(\.\d+)?$/u.test(text)) return text;
  return Number(text);
}
