import { imagesResponseSchema } from "../../shared/api/images-response.ts";
import { textToImageBodySchema } from "../../shared/api/text-to-image-request.ts";
import { verificationSchema } from "../../shared/api/verification.ts";
import type { FailureCode } from "../../shared/errors.ts";
import { outputFormatSchema } from "../../shared/output-format-schema.ts";
import type { ServedModels } from "../models/model.ts";
import {
  type Answer,
  type BodySchema,
  idempotencyKeyParameter,
  imageBytes,
  named,
  type Operations,
  type Parameter,
} from "./operation.ts";
import { generationBody, generationExample, modelNames, servedBody } from "./served-body.ts";

/** What a run at a backend can fail with. */
const runFailures: readonly FailureCode[] = [
  "job_cancelled",
  "deadline_exceeded",
  "backend_overloaded",
  "backend_unavailable",
  "model_unavailable",
  "backend_failed",
];

/** What making pictures can fail with. */
export const makingFailures: readonly FailureCode[] = [
  "invalid_request",
  "model_not_found",
  "model_not_allowed",
  "unsupported_media_type",
  "payload_too_large",
  "content_policy_violation",
  "moderation_unavailable",
  "key_budget_exceeded",
  "concurrency_limit_exceeded",
  "insufficient_quota",
  "idempotency_key_reused",
  "idempotent_result_gone",
  ...runFailures,
];

export const madeHeaders = {
  "x-request-id": "Names the request.",
  "x-wuerstchen-tier": "Which tier served each picture.",
  "x-wuerstchen-age-seconds": "Seconds since the latent of each picture was made.",
  "x-wuerstchen-seed": "The seed of each picture.",
  "x-wuerstchen-similar": "Whether each picture is of a prompt that is only nearly the same; absent when none is.",
  "x-wuerstchen-cost-micro-usd": "What was charged, in micro-USD.",
};

export const pictures: Readonly<Record<string, BodySchema>> = {
  "image/png": imageBytes,
  "image/webp": imageBytes,
  "image/jpeg": imageBytes,
};

/**
 * OpenAPI 3.1 has no word for the single events of a stream: the description names their schema. No type is given:
 * some programs read the schema as that of the whole text, others as that of each event.
 */
export function eventsOf(schema: "ImageEvent" | "ImageEditEvent"): BodySchema {
  const description = `The \`data\` of each event is an \`${schema}\` or, if the request fails midway, an \`Error\`.`;
  return { json: { contentMediaType: "text/event-stream", description } };
}

const linkedPicture: Answer = {
  description: "The picture.",
  content: pictures,
  headers: { etag: "For If-None-Match.", "cache-control": "Lasts as long as the link." },
};

/** Text to image, and the pictures themselves. */
export function imageOperations(models: ServedModels) {
  return {
    createImage: {
      tag: "Images",
      summary: "Make pictures of a prompt",
      description:
        "With `Accept: image/png` (or webp, jpeg) and `n: 1`, the answer is the picture itself. With `stream: true` it is " +
        "events: `image_generation.partial_image`, `image_generation.completed` for each picture, or `error`.",
      parameters: [idempotencyKeyParameter],
      body: { "application/json": generationBody(models) },
      example: generationExample(models),
      answers: {
        200: {
          description: "The pictures, and how each was served.",
          content: {
            "application/json": imagesResponseSchema,
            "text/event-stream": eventsOf("ImageEvent"),
            ...pictures,
          },
          headers: madeHeaders,
        },
      },
      failures: [...makingFailures, "payment_required", "payment_unavailable"],
    },
    textToImage: {
      tag: "Images",
      summary: "Make one picture by Hugging Face's text-to-image task",
      parameters: [
        {
          in: "path",
          name: "id",
          description: "A model's id.",
          required: true,
          schema: { json: { type: "string", enum: modelNames(models) } },
        },
        idempotencyKeyParameter,
      ],
      body: { "application/json": named("TextToImageRequest", servedBody(textToImageBodySchema, models)) },
      answers: { 200: { description: "The picture.", content: pictures, headers: madeHeaders } },
      failures: makingFailures,
    },
    getImage: {
      tag: "Images",
      summary: "Get a picture by its signed link",
      description:
        "Links come from answers with `response_format: url`. A picture that the edge dropped is decoded again.",
      parameters: linkParameters,
      answers: { 200: linkedPicture, 304: { description: "Not changed." } },
      failures: ["invalid_signature", "link_expired", "not_found", ...runFailures],
    },
    verifyPicture: {
      tag: "Images",
      summary: "Check whether a picture came from here",
      description:
        "The body is the file. Any byte that was changed makes it `altered`; whoever takes its metadata away makes it " +
        "`unmarked`. Then the mark in its pixels is looked for, which some models draw. Free of charge, and nothing is kept.",
      body: pictures,
      answers: { 200: { description: "The result.", content: { "application/json": verificationSchema } } },
      failures: ["invalid_request", "unsupported_media_type", "payload_too_large"],
    },
  } satisfies Operations;
}

const linkParameters: readonly Parameter[] = [
  {
    in: "path",
    name: "file",
    description: "Latent id and format.",
    required: true,
    schema: { json: { type: "string", pattern: `^[0-9a-f]{64}\\.(${outputFormatSchema.options.join("|")})$` } },
  },
  {
    in: "query",
    name: "exp",
    description: "The time at which the link expires, in Unix seconds.",
    required: true,
    schema: { json: { type: "integer", minimum: 0 } },
  },
  {
    in: "query",
    name: "sig",
    description: "The link's signature.",
    required: true,
    schema: { json: { type: "string" } },
  },
];
