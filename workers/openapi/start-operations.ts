import { imagesResponseSchema } from "../../shared/api/images-response.ts";
import { editBodySchema, variationBodySchema } from "../../shared/api/start-image-request.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { madeHeaders, makingFailures, pictures } from "./image-operations.ts";
import { type BodySchema, idempotencyKeyParameter, type Operation, type Operations } from "./operation.ts";
import { servedBody } from "./served-body.ts";

const madePictures: Operation["answers"] = {
  200: {
    description: "The pictures, and how each came about.",
    content: { "application/json": imagesResponseSchema, ...pictures },
    headers: madeHeaders,
  },
};

/** Pictures from a picture that is sent. */
export function startOperations(models: ModelRegistry) {
  return {
    editImage: {
      tag: "Images",
      summary: "Make pictures from a picture and a prompt",
      description: "`strength` says how much is made anew; a `mask`, where. JSON takes the files in base64 as well.",
      parameters: [idempotencyKeyParameter],
      body: { "multipart/form-data": withFiles(servedBody(editBodySchema, models), ["image"]) },
      answers: madePictures,
      failures: makingFailures,
    },
    varyImage: {
      tag: "Images",
      summary: "Make siblings of a picture",
      description: "With a prompt or without. JSON takes the files in base64 as well.",
      parameters: [idempotencyKeyParameter],
      body: { "multipart/form-data": withFiles(servedBody(variationBodySchema, models), ["image"]) },
      answers: madePictures,
      failures: makingFailures,
    },
  } satisfies Operations;
}

const fileSchema = { type: "string", contentMediaType: "image/*", description: "PNG, JPEG or WebP, at most 8 MiB." };

/** The fields of a body and its files: `image`, if it is to start from one, and `mask`. */
export function withFiles(body: BodySchema, files: readonly ["image"] | readonly []): BodySchema {
  const { properties = {}, required = [], ...rest } = "json" in body ? (body.json as ObjectSchema) : {};
  const images = Object.fromEntries(files.map((name) => [name, fileSchema]));
  return {
    json: { ...rest, properties: { ...properties, ...images, mask: fileSchema }, required: [...required, ...files] },
  };
}

interface ObjectSchema {
  readonly properties?: object;
  readonly required?: readonly string[];
}
