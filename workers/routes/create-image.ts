import type { Context, Handler } from "hono";
import { type CreateImageRequest, parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { ImageItem, ImagesResponse } from "../../shared/api/images-response.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import {
  type Caller,
  type Generation,
  type GenerationServices,
  generateImages,
  type Picture,
} from "../generation/generate-image.ts";
import { toBase64 } from "../gpu/base64.ts";
import type { ImageLinks } from "../images/image-link.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { edgeLocation } from "../middleware/edge-location.ts";
import { failureResponse } from "../middleware/errors.ts";
import { answerForm, checkAnswerForm, withAcceptedFormat } from "./answer-form.ts";
import { readJson } from "./read-json.ts";

/** What the route needs. */
export interface CreateImageServices {
  readonly generation: GenerationServices;
  readonly imageLinks: ImageLinks;
  readonly nowMs: () => number;
}

/** `POST /v1/images/generations`: OpenAI's answer, or with `Accept: image/…` the bytes of the one picture. */
export function createImage(services: CreateImageServices): Handler<AppEnv> {
  return async (c) => {
    const startedMs = services.nowMs();
    const json = await readJson(c.req);
    if (!json.ok) return failureResponse(c, json.error);

    const form = answerForm(c.req.header("accept"));
    const request = parseCreateImageRequest(withAcceptedFormat(json.value, form));
    if (!request.ok) return failureResponse(c, request.error);
    const answerable = checkAnswerForm(form, request.value);
    if (!answerable.ok) return failureResponse(c, answerable.error);

    const generation = await generateImages(services.generation, callerOf(c), request.value);
    if (!generation.ok) return failureResponse(c, generation.error);

    describeInHeaders(c, generation.value, services.nowMs() - startedMs);
    const [picture] = generation.value.pictures;
    if (form.kind === "bytes" && picture !== undefined) return pictureResponse(c, generation.value, picture);
    return c.json(
      await imagesResponse(services, { request: request.value, generation: generation.value, url: c.req.url }),
    );
  };
}

function callerOf(c: Context<AppEnv>): Caller {
  return { account: c.get("account"), location: edgeLocation(c.req.raw) };
}

function describeInHeaders(c: Context<AppEnv>, { pictures }: Generation, totalMs: number): void {
  const tiers = pictures.map(({ tier }) => tier).join(",");
  c.set("tier", tiers);
  c.header("cache-control", "no-store");
  c.header("server-timing", formatServerTiming({ ...longestParts(pictures), total: totalMs }));
  c.header("x-wuerstchen-tier", tiers);
  c.header("x-wuerstchen-seed", pictures.map(({ seed }) => seed).join(","));
}

/** Pictures are made side by side, so the longest of each part is what a client waited for. */
function longestParts(pictures: readonly Picture[]): Record<string, number> {
  const longest: Record<string, number> = {};
  for (const { milliseconds } of pictures) {
    for (const [part, duration] of Object.entries(milliseconds)) {
      longest[part] = Math.max(longest[part] ?? 0, duration);
    }
  }
  return longest;
}

/** Warnings have no place in a picture, so they go into a header. */
function pictureResponse(c: Context<AppEnv>, { decode, warnings }: Generation, picture: Picture): Response {
  c.header("content-type", imageContentType(decode.format));
  c.header("x-content-type-options", "nosniff");
  c.header("x-wuerstchen-latent-id", picture.latentId);
  if (warnings.length > 0) c.header("x-wuerstchen-warning", warnings.join(" "));
  return c.body(picture.bytes);
}

interface Answered {
  readonly request: CreateImageRequest;
  readonly generation: Generation;
  /** The request's own URL: links point back to where the client reached us. */
  readonly url: string;
}

async function imagesResponse(services: CreateImageServices, answered: Answered): Promise<ImagesResponse> {
  const { pictures, size, decode, tokens, warnings } = answered.generation;
  return {
    created: Math.floor(services.nowMs() / 1000),
    data: await Promise.all(pictures.map((picture) => imageItem(services, answered, picture))),
    output_format: decode.format,
    size,
    usage: {
      input_tokens: tokens,
      output_tokens: 0,
      total_tokens: tokens,
      input_tokens_details: { text_tokens: tokens, image_tokens: 0 },
      pictures: pictures.map(({ tier, seed, latentId, milliseconds }) => ({
        tier,
        seed,
        latent_id: latentId,
        milliseconds,
      })),
    },
    warnings,
  };
}

async function imageItem(
  { imageLinks }: CreateImageServices,
  { request, generation, url }: Answered,
  { bytes, seed, latentId, tier }: Picture,
): Promise<ImageItem> {
  const made = { seed, latent_id: latentId, tier };
  if (request.responseFormat === "b64_json") return { b64_json: toBase64(bytes), ...made };
  const link = await imageLinks.create({ latentId, options: generation.decode });
  return { url: new URL(link, url).href, ...made };
}
