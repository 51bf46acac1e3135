import type { Context, Handler } from "hono";
import { type CreateImageRequest, parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { ImageItem, ImagesResponse } from "../../shared/api/images-response.ts";
import { ofDefault, withDefaults } from "../../shared/api/request-defaults.ts";
import type { Failure } from "../../shared/errors.ts";
import { unaskedBase64BytesMax } from "../../shared/limits.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import type { Caller } from "../generation/caller.ts";
import { type Generation, type GenerationServices, generateImages } from "../generation/generate-image.ts";
import type { Picture } from "../generation/obtain-pictures.ts";
import { toBase64 } from "../gpu/base64.ts";
import type { ImageLinks } from "../images/image-link.ts";
import { answerAdmitted, enterNow } from "../middleware/admission.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { type AnswerForm, answerForm, checkAnswerForm, withAcceptedFormat } from "./answer-form.ts";
import { withCacheControl } from "./cache-control.ts";
import { imagesUsage } from "./images-usage.ts";
import { readCaller } from "./read-caller.ts";
import { readJson } from "./read-json.ts";
import { streamImages } from "./stream-images.ts";

/** What the route needs. */
export interface CreateImageServices {
  readonly generation: GenerationServices;
  readonly imageLinks: ImageLinks;
  readonly nowMs: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
}

/**
 * `POST /v1/images/generations`: OpenAI's answer; with `stream: true` its events, or with `Accept: image/…` the bytes
 * of the one picture.
 */
export function createImage(services: CreateImageServices): Handler<AppEnv> {
  return answerAdmitted(async (c) => {
    const json = await readJson(c);
    if (!json.ok) return json;
    return answerWithImages(c, services, { json: json.value, form: answerForm(c.req.header("accept")) });
  });
}

/** A body that was read, and how its sender wants the answer. */
export interface AskedImages {
  readonly json: unknown;
  readonly form: AnswerForm;
}

/** Checks the body of a generation, makes its pictures and answers in the form that was asked for. */
export async function answerWithImages(
  c: Context<AppEnv>,
  services: CreateImageServices,
  asked: AskedImages,
): Promise<Result<Response, Failure>> {
  const answered = await makeImages(c, services, asked);
  return answered.ok ? answered : err(ofDefault(answered.error, asked.json, c.get("defaults")));
}

async function makeImages(
  c: Context<AppEnv>,
  services: CreateImageServices,
  { json, form }: AskedImages,
): Promise<Result<Response, Failure>> {
  const parsed = parseCreateImageRequest(withDefaults(withAcceptedFormat(json, form), c.get("defaults")));
  const request = withCacheControl(parsed, (name) => c.req.header(name));
  if (!request.ok) return request;
  const answerable = checkAnswerForm(form, request.value);
  if (!answerable.ok) return answerable;
  const entered = mustEnterFirst(services.generation, request.value) ? await enterNow(c) : ok(undefined);
  if (!entered.ok) return entered;
  const { responseFormat, stream } = request.value;
  if (stream !== undefined) {
    const caller = readCaller(c);
    if (!caller.ok) return caller;
    return streamImages(c, services, {
      kind: "image_generation",
      stream,
      caller: caller.value,
      generate: (streamed) => generateImages(services.generation, streamed, request.value),
    });
  }
  return answerGeneration(c, { ...services, form, responseFormat }, (caller) =>
    generateImages(services.generation, caller, request.value, { gate: c.get("gate") }),
  );
}

/**
 * Whether the account is asked who may come in before all else, and not with the reservation: for a stream, whose
 * headers leave early; where the key's scopes decide; and where a moderator costs more than the question.
 */
function mustEnterFirst({ moderator }: GenerationServices, { stream, cacheScope }: CreateImageRequest): boolean {
  return stream !== undefined || cacheScope === "shared" || moderator.isRemote;
}

/** How pictures are to be answered. */
export interface AnswerServices extends Pick<CreateImageServices, "imageLinks" | "nowMs"> {
  readonly form: AnswerForm;
  readonly responseFormat: CreateImageRequest["responseFormat"];
}

/** Answers with pictures that `generate` makes. */
export async function answerGeneration(
  c: Context<AppEnv>,
  services: AnswerServices,
  generate: (caller: Caller) => Promise<Result<Generation, Failure>>,
): Promise<Result<Response, Failure>> {
  const startedMs = services.nowMs();
  const caller = readCaller(c);
  if (!caller.ok) return caller;

  const generating = generate(caller.value);
  c.set("made", generating);
  // A client may leave: what was done for it by then is settled or released all the same.
  c.executionCtx.waitUntil(generating.catch(() => {}));
  const generation = await generating;
  if (!generation.ok) return generation;

  describeInHeaders(c, generation.value, services.nowMs() - startedMs);
  const [picture] = generation.value.pictures;
  if (services.form.kind === "bytes" && picture !== undefined) return ok(pictureResponse(c, generation.value, picture));
  return ok(c.json(await imagesResponse(services, { generation: generation.value, url: c.get("publicUrl") })));
}

function describeInHeaders(c: Context<AppEnv>, { pictures, settlement, replayed }: Generation, totalMs: number): void {
  const tiers = pictures.map(({ tier }) => tier).join(",");
  c.set("tier", tiers);
  c.header("cache-control", "no-store");
  c.header("server-timing", formatServerTiming({ ...longestParts(pictures), total: totalMs }));
  c.header("x-wuerstchen-cost-micro-usd", String(settlement.chargedMicroUsd));
  c.header("x-wuerstchen-tier", tiers);
  if (pictures.some(({ isSimilar }) => isSimilar)) {
    c.header("x-wuerstchen-similar", pictures.map(({ isSimilar }) => isSimilar).join(","));
  }
  if (replayed) c.header("idempotent-replayed", "true");
  c.header("x-wuerstchen-age-seconds", pictures.map(({ ageSeconds }) => ageSeconds).join(","));
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
  readonly generation: Generation;
  /** The request's public URL: links point back to where the client reached us. */
  readonly url: string;
}

async function imagesResponse(asked: AnswerServices, answered: Answered): Promise<ImagesResponse> {
  const { pictures, size, decode, background, tokens, settlement, startLatentId } = answered.generation;
  const isLarge = asked.responseFormat === "both" && isTooMuchForBase64(pictures);
  const services = isLarge ? { ...asked, responseFormat: "url" as const } : asked;
  const warnings = isLarge ? [...answered.generation.warnings, linksAlone] : answered.generation.warnings;
  return {
    created: Math.floor(services.nowMs() / 1000),
    data: await Promise.all(pictures.map((picture) => imageItem(services, answered, picture))),
    output_format: decode.format,
    background,
    size,
    ...(startLatentId !== undefined && { start_latent_id: startLatentId }),
    usage: imagesUsage(pictures, { tokens, settlement, microUsd: settlement.chargedMicroUsd }),
    warnings,
  };
}

const linksAlone =
  `links_alone: the pictures have more than ${unaskedBase64BytesMax} bytes, so each has a link and no base64. ` +
  "Ask for fewer, or set 'response_format'.";

function isTooMuchForBase64(pictures: readonly Picture[]): boolean {
  return pictures.reduce((sum, { bytes }) => sum + bytes.length, 0) > unaskedBase64BytesMax;
}

async function imageItem(
  { imageLinks, responseFormat }: AnswerServices,
  { generation, url }: Answered,
  { bytes, seed, latentId, tier, isSimilar, ageSeconds }: Picture,
): Promise<ImageItem> {
  const similar = isSimilar ? ({ similar: true } as const) : {};
  const made = { seed, latent_id: latentId, tier, ...similar, age_seconds: ageSeconds };
  if (responseFormat === "b64_json") return { b64_json: toBase64(bytes), ...made };
  const link = new URL(await imageLinks.create({ latentId, options: generation.decode }), url).href;
  return responseFormat === "url" ? { url: link, ...made } : { b64_json: toBase64(bytes), url: link, ...made };
}
