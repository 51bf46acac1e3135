import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import {
  imagePromptBytesMax,
  imagePromptsMax,
  imageSidePixelsMax,
  imagesPerRequestMax,
  partialImagesMax,
  promptCharactersMax,
  seedMax,
} from "../limits.ts";
import { parseImageSize } from "../models/image-size.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { publicSamplingFields, samplingFields, type WantedSampling, wantedSampling } from "../sampling-fields.ts";
import { imageFieldsFault } from "./image-field-rules.ts";
import { outputFileFields, type WantedFile, wantedFile } from "./output-file.ts";
import { type WrittenNames, writtenNames } from "./written-names.ts";

/** Fields that OpenAI's clients may send, that are checked, and that this service has no use for. */
const ignoredFields = {
  quality: z.enum(["auto", "standard", "hd", "low", "medium", "high", "xhigh", "max"]).optional(),
  complexity: z.enum(["low", "medium", "high"]).optional(),
  style: z.enum(["vivid", "natural"]).optional(),
  moderation: z.enum(["auto", "low"]).optional(),
  user: z.string().max(512).optional(),
  safety_identifier: z.string().max(512).optional(),
};

/** Of the ignored fields, those whose sender would expect a different picture. */
const ignoredWithWarning = ["quality", "complexity", "style", "moderation"] as const;

/**
 * Fields of OpenAI's clients that ask for what this service cannot make: a picture without it would be another thing.
 */
const refusedFields: Readonly<Record<string, string>> = {
  frame_count: "This service makes still pictures.",
  frame_duration_ms: "This service makes still pictures.",
  svg: "This service makes pictures of pixels.",
  markup: "Mark the part to repaint by 'mask'.",
};

/** A seed as clients ask for it: many front ends send -1 where they want any. */
export const wantedSeedSchema = z.int().min(-1).max(seedMax).describe("-1: a new random seed, as with `reuse: fresh`.");

/** A text of the public API that a model reads. Half a character would be read as none. */
export const promptTextSchema = z
  .string()
  .max(promptCharactersMax)
  .refine(
    (text) => !/\p{Surrogate}/u.test(text),
    "holds half a character (a surrogate without the other). Send whole ones",
  );

/** A prompt of the public API. */
export const promptSchema = promptTextSchema.refine((text) => text.trim() !== "", "must hold more than whitespace");

/** A picture's file in base64 or as a data URL, whose own words take little. */
const pictureTextSchema = z
  .string()
  .min(1)
  .max(Math.ceil(imagePromptBytesMax / 3) * 4 + 256);

/** The body of `POST /v1/images/generations` as clients write it. */
export const createImageBodySchema = z.strictObject({
  prompt: promptSchema,
  model: z.string().min(1).max(128).optional(),
  n: z.int().min(1).max(imagesPerRequestMax).default(1),
  num_images: z.int().min(1).max(imagesPerRequestMax).optional().describe("Another name of `n`."),
  size: z
    .string()
    .refine((text) => text === "auto" || parseImageSize(text) !== undefined, "must be WIDTHxHEIGHT in pixels, or auto")
    .optional(),
  width: z.int().min(1).max(imageSidePixelsMax).optional(),
  height: z.int().min(1).max(imageSidePixelsMax).optional(),
  response_format: z
    .enum(["url", "b64_json"])
    .optional()
    .describe("Left out: each picture has both, or its link alone beyond 16 MiB of pictures."),
  ...outputFileFields,
  stream: z.boolean().default(false),
  partial_images: z.int().min(0).max(partialImagesMax).default(0),
  seed: wantedSeedSchema.optional(),
  ...publicSamplingFields,
  num_inference_steps: samplingFields.steps.optional().describe("Another name of `steps`."),
  negative_prompt: promptTextSchema.default(""),
  image_prompt: z
    .union([pictureTextSchema, z.array(pictureTextSchema).min(1).max(imagePromptsMax)])
    .optional()
    .describe(
      "Pictures as part of the prompt (PNG, JPEG or WebP; base64 or data URLs), for models with `image_prompts`. They " +
        "are not kept.",
    ),
  reuse: z
    .enum(["prefer", "fresh", "similar"])
    .default("prefer")
    .describe("For unseeded requests: stored latents of the prompt, new ones, or also those of near prompts."),
  cache_scope: z.enum(["account", "shared"]).default("account"),
  ...ignoredFields,
});

/** What pictures start from. */
export interface ImageStart {
  /** 64 hexadecimal characters. */
  readonly latentId: string;
  /** The size of its picture, "WIDTHxHEIGHT". */
  readonly size: string;
  /** Whether it may have to be made of a picture first. */
  readonly isPicture: boolean;
  /** 0…1 */
  readonly strength: number;
  /** SHA-256 of the mask's file, hexadecimal; undefined: everything is made anew. */
  readonly maskDigest: string | undefined;
}

/** A checked request for images. What the model decides (size, ranges, its own default id) is still open. */
export interface CreateImageRequest extends WantedSampling {
  /** As sent: not yet normalised. 1…32000 UTF-16 code units, not only whitespace. */
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Pictures that are part of the prompt, as sent: base64 or data URLs. Absent: words alone. */
  readonly imagePrompts?: readonly string[];
  /** Undefined: the service's default model. */
  readonly model: string | undefined;
  /** How many pictures, 1…10. */
  readonly n: number;
  /** "WIDTHxHEIGHT"; undefined for the model's default, also when the client sent "auto". */
  readonly size: string | undefined;
  readonly responseFormat: "url" | "b64_json" | "both";
  readonly file: WantedFile;
  /** 0…2³²−1; picture i of n takes seed + i (mod 2³²). Undefined: `reuse` decides. */
  readonly seed: number | undefined;
  readonly reuse: "prefer" | "fresh" | "similar";
  /** Whose latents it takes from and gives to: the account's, or those of everyone whose key may share. */
  readonly cacheScope: "account" | "shared";
  /** Present when the answer is to be events. */
  readonly stream?: {
    /** Previews of each picture, 0…3. */
    readonly partialImages: number;
  };
  /** Absent: pure noise. */
  readonly start?: ImageStart;
  /** For what is said of its fields; absent: all have their usual names. */
  readonly written?: WrittenNames;
  /** Sentences for the answer about fields that were accepted and have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Reads the JSON body of `POST /v1/images/generations`. OpenAI's fields are all known; null means absent, as there.
 * Fails with `invalid_request` naming the first field that is unknown or out of its range.
 */
export function parseCreateImageRequest(json: unknown): Result<CreateImageRequest, Failure> {
  const wire = readImageFields(createImageBodySchema, json);
  return wire.ok ? toImageRequest(wire.value) : wire;
}

/**
 * Reads the fields of a body by a schema that holds at least `createImageBodySchema`'s. Fails as the whole request
 * does.
 */
export function readImageFields<Wire>(schema: z.ZodType<Wire>, json: unknown): Result<Wire, Failure> {
  const input = withExtraBody(withoutNulls(json));
  const refused = isRecord(input) ? Object.keys(refusedFields).find((name) => Object.hasOwn(input, name)) : undefined;
  if (refused !== undefined) {
    return err(invalidRequest(refused, `'${refused}' is not supported. ${refusedFields[refused]} Leave it out.`));
  }
  const parsed = schema.safeParse(input);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, input));
}

/** From fields that are right by themselves to a request. Fails when two of them do not go together. */
export function toImageRequest(wire: z.infer<typeof createImageBodySchema>): Result<CreateImageRequest, Failure> {
  const fault = imageFieldsFault(wire);
  return fault === undefined ? ok(toRequest(wire)) : err(fault);
}

/** `width` and `height` are another spelling of `size`, known from other services. */
function sizeOf({ size, width, height }: z.infer<typeof createImageBodySchema>): string | undefined {
  if (width !== undefined && height !== undefined) return `${width}x${height}`;
  return size === "auto" ? undefined : size;
}

function toRequest(wire: z.infer<typeof createImageBodySchema>): CreateImageRequest {
  const written = writtenNames(wire);
  return {
    prompt: wire.prompt,
    negativePrompt: wire.negative_prompt,
    ...(wire.image_prompt === undefined ? {} : { imagePrompts: [wire.image_prompt].flat() }),
    model: wire.model,
    n: wire.num_images ?? wire.n,
    size: sizeOf(wire),
    responseFormat: wire.response_format ?? "both",
    file: wantedFile(wire),
    seed: wire.seed === -1 ? undefined : wire.seed,
    ...wantedSampling({ ...wire, steps: wire.steps ?? wire.num_inference_steps }),
    reuse: wire.seed === -1 ? "fresh" : wire.reuse,
    cacheScope: wire.cache_scope,
    ...(wire.stream ? { stream: { partialImages: wire.partial_images } } : {}),
    ...(written && { written }),
    warnings: ignoredWithWarning
      .filter((field) => wire[field] !== undefined && wire[field] !== "auto")
      .map((field) => `'${field}' has no effect on this model and was ignored.`),
  };
}

/**
 * OpenAI's Python client writes what is in `extra_body` into the body itself. Callers of other clients send the object
 * as it is and mean the same. A field that is named outside as well keeps its outer value.
 */
function withExtraBody(json: unknown): unknown {
  if (!isRecord(json) || !isRecord(json["extra_body"])) return json;
  const { extra_body: extra, ...fields } = json;
  return { ...(withoutNulls(extra) as object), ...fields };
}

function withoutNulls(json: unknown): unknown {
  if (!isRecord(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
