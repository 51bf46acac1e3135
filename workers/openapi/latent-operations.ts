import { imagesResponseSchema } from "../../shared/api/images-response.ts";
import { deletedLatentSchema, latentItemSchema } from "../../shared/api/latent-item.ts";
import { latentListSchema } from "../../shared/api/latent-list.ts";
import { decodeLatentBodySchema, interpolateLatentsBodySchema } from "../../shared/api/latent-requests.ts";
import { variationBodySchema } from "../../shared/api/start-image-request.ts";
import type { FailureCode } from "../../shared/errors.ts";
import type { ServedModels } from "../models/model.ts";
import { madeHeaders, makingFailures, pictures } from "./image-operations.ts";
import {
  idempotencyKeyParameter,
  jsonBody,
  latentBytes,
  latentIdParameter,
  named,
  type Operation,
  type Operations,
} from "./operation.ts";
import { pageParameters } from "./page-parameters.ts";
import { servedBody } from "./served-body.ts";
import { startedPictures, withFiles } from "./start-operations.ts";

/** What making pictures of latents can fail with. */
const latentFailures: readonly FailureCode[] = [...makingFailures, "not_found"];

const madePictures: Operation["answers"] = {
  200: {
    description: "The pictures.",
    content: { "application/json": imagesResponseSchema, ...pictures },
    headers: madeHeaders,
  },
};

/** Latents as resources. Another account's looks like one that is not there. */
export function latentOperations(models: ServedModels) {
  const common = { tag: "Latents" };
  const ofLatent = { parameters: [latentIdParameter(), idempotencyKeyParameter], failures: latentFailures };
  return {
    ...keptLatents,
    decodeLatent: {
      ...common,
      ...ofLatent,
      summary: "Decode a latent, for the price of a hit and a decode",
      body: jsonBody(named("DecodeLatentRequest", servedBody(decodeLatentBodySchema, models))),
      answers: madePictures,
    },
    interpolateLatents: {
      ...common,
      ...ofLatent,
      summary: "Make pictures between two latents",
      body: jsonBody(named("InterpolateLatentsRequest", servedBody(interpolateLatentsBodySchema, models))),
      answers: madePictures,
    },
    varyLatent: {
      ...common,
      ...ofLatent,
      summary: "Make variations of a latent's picture, with or without a prompt",
      body: {
        "application/json": named("VaryLatentRequest", servedBody(variationBodySchema, models)),
        "multipart/form-data": named("VaryLatentForm", withFiles(servedBody(variationBodySchema, models), [])),
      },
      answers: startedPictures,
    },
  } satisfies Operations;
}

const keptLatents = {
  listLatents: {
    tag: "Latents",
    summary: "List the latents that the account keeps, newest first",
    description: "The service stores no prompt, so the list holds none.",
    parameters: pageParameters,
    answers: { 200: { description: "The latents.", content: jsonBody(latentListSchema) } },
    failures: ["invalid_request"],
  },
  getLatent: {
    tag: "Latents",
    summary: "Get a latent as safetensors, for the account that made it",
    parameters: [latentIdParameter()],
    answers: { 200: { description: "The file.", content: { "application/octet-stream": latentBytes } } },
    failures: ["not_found"],
  },
  putLatent: {
    tag: "Latents",
    summary: "Store a latent file of your own",
    parameters: [idempotencyKeyParameter],
    body: { "application/octet-stream": latentBytes },
    answers: {
      200: { description: "The account had it already; free of charge.", content: jsonBody(latentItemSchema) },
      201: { description: "Stored.", content: jsonBody(latentItemSchema) },
    },
    failures: makingFailures,
  },
  deleteLatent: {
    tag: "Latents",
    summary: "Delete a latent",
    parameters: [latentIdParameter()],
    answers: { 200: { description: "Deleted.", content: jsonBody(deletedLatentSchema) } },
    failures: ["not_found"],
  },
} satisfies Operations;
