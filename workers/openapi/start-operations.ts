import { imagesResponseSchema } from "../../shared/api/images-response.ts";
import { editBodySchema, variationBodySchema } from "../../shared/api/start-image-request.ts";
import type { ServedModels } from "../models/model.ts";
import { eventsOf, madeHeaders, makingFailures, pictures } from "./image-operations.ts";
import {
  bytesOf,
  idempotencyKeyParameter,
  named,
  type Operation,
  type Operations,
  type WrittenSchema,
} from "./operation.ts";
import { servedBody } from "./served-body.ts";

/** Of requests that start from a picture or a latent. */
export const startedPictures: Operation["answers"] = {
  200: {
    description: "The pictures, and how each was served.",
    content: {
      "application/json": imagesResponseSchema,
      "text/event-stream": eventsOf("ImageEditEvent"),
      ...pictures,
    },
    headers: madeHeaders,
  },
};

const streamed =
  "With `stream: true` the answer is events: `image_edit.partial_image`, `image_edit.completed` for each picture, or " +
  "`error`.";

/** Pictures from a picture that is sent. */
export function startOperations(models: ServedModels) {
  return {
    editImage: {
      tag: "Images",
      summary: "Make pictures from a picture and a prompt",
      description: `\`strength\` sets how much is made anew, a \`mask\` where. JSON accepts the files in base64. ${streamed}`,
      parameters: [idempotencyKeyParameter],
      body: { "multipart/form-data": named("EditImageForm", withFiles(servedBody(editBodySchema, models), ["image"])) },
      answers: startedPictures,
      failures: makingFailures,
    },
    varyImage: {
      tag: "Images",
      summary: "Make variations of a picture",
      description: `With or without a prompt. JSON accepts the files in base64. ${streamed}`,
      parameters: [idempotencyKeyParameter],
      body: {
        "multipart/form-data": named("VaryImageForm", withFiles(servedBody(variationBodySchema, models), ["image"])),
      },
      answers: startedPictures,
      failures: makingFailures,
    },
  } satisfies Operations;
}

const fileSchema = { ...bytesOf("image/*"), description: "PNG, JPEG or WebP, at most 8 MiB." };

/** The fields of a body and its files: `image`, if it is to start from one, and `mask`. */
export function withFiles(
  { json: { properties = {}, required = [], ...rest } }: ReturnType<typeof servedBody>,
  files: readonly ["image"] | readonly [],
): WrittenSchema {
  const images = Object.fromEntries(files.map((name) => [name, fileSchema]));
  return {
    json: { ...rest, properties: { ...properties, ...images, mask: fileSchema }, required: [...required, ...files] },
  };
}
