import { imagesResponseSchema } from "../../shared/api/images-response.ts";
import { editBodySchema, variationBodySchema } from "../../shared/api/start-image-request.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { madeHeaders, makingFailures, pictures } from "./image-operations.ts";
import { type BodySchema, idempotencyKeyParameter, type Operation, type Operations } from "./operation.ts";
import { servedBody } from "./served-body.ts";

const madePictures: Operation["answers"] = {
  200: {
    description: "The pictures, and how each was served.",
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
      description: "`strength` sets how much is made anew, a `mask` where. JSON accepts the files in base64.",
      parameters: [idempotencyKeyParameter],
      body: { "multipart/form-data": withFiles(servedBody(editBodySchema, models), ["image"]) },
      answers: madePictures,
      failures: makingFailures,
    },
    varyImage: {
      tag: "Images",
      summary: "Make variations of a picture",
      description: "With or without a prompt. JSON accepts the files in base64.",
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
