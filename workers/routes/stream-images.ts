import type { Context } from "hono";
import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { ImageEditEvent, ImageEvent } from "../../shared/api/images-stream.ts";
import type { Failure } from "../../shared/errors.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";
import { ok, type Result } from "../../shared/result.ts";
import { createEventOutbox, readOutbox } from "../../shared/wire/event-outbox.ts";
import { eventStreamContentType, formatComment, formatEvent } from "../../shared/wire/event-stream.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import type { Caller } from "../generation/caller.ts";
import type { Generation } from "../generation/generate-image.ts";
import type { PictureWatch } from "../generation/obtain-latent.ts";
import type { GenerationPlan, PlannedPicture } from "../generation/plan-generation.ts";
import { toBase64 } from "../gpu/base64.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { imagesUsage } from "./images-usage.ts";

/** Proxies cut connections that are silent for half a minute. */
const heartbeatMs = 5_000;

/** What streaming takes. */
export interface StreamServices {
  readonly nowMs: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
}

/** OpenAI's names of a stream's events begin so. */
type StreamKind = "image_generation" | "image_edit";

/** A checked request, its caller, and what makes its pictures. */
export interface StreamedRequest {
  readonly kind: StreamKind;
  readonly stream: NonNullable<CreateImageRequest["stream"]>;
  readonly caller: Caller;
  readonly generate: (caller: Caller) => Promise<Result<Generation, Failure>>;
}

/**
 * Makes and charges pictures as without a stream, and sends reports meanwhile. A failure before the first event has its
 * usual status; after it, it is an event. A reader that leaves counts as a client that leaves.
 */
export async function streamImages(
  c: Context<AppEnv>,
  services: StreamServices,
  { kind, stream, caller, generate }: StreamedRequest,
): Promise<Result<Response, Failure>> {
  const outbox = createEventOutbox();
  const left = new AbortController();
  let open = () => {};
  const opened = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  const say = (slot: string, text: string) => {
    outbox.put(slot, text);
    open();
  };
  const watch = watchPictures(kind, stream.partialImages, { say, nowMs: services.nowMs });
  const signal = AbortSignal.any([caller.signal, left.signal]);
  const generating = generate({ ...caller, signal, watch });
  c.set("made", generating);
  // A client may leave: what was done for it by then is settled or released all the same.
  c.executionCtx.waitUntil(generating.catch(() => {}));

  const stopBeating = beat(services, say);
  const ending = generating.finally(stopBeating);
  const first = await Promise.race([ending, opened]);
  if (first?.ok === false) return first;
  void ending.then(
    (end) => outbox.end(end.ok ? completedEvents(kind, end.value, services.nowMs()) : errorEvent(end.error)),
    () => outbox.end(errorEvent({ code: "internal" })),
  );
  const body = readOutbox(outbox, () => left.abort());
  return ok(c.body(body, 200, { "content-type": eventStreamContentType, "cache-control": "no-store" }));
}

type Say = (slot: string, text: string) => void;

/** The steps are comments, which clients skip: they keep the connection alive. */
function watchPictures(
  kind: StreamKind,
  previews: number,
  { say, nowMs }: { readonly say: Say; readonly nowMs: () => number },
): PictureWatch {
  const shown = new Map<string, number>();

  function onEvent({ seed, latentId }: PlannedPicture, { size }: GenerationPlan, event: StageCEvent): void {
    if (event.kind === "progress") {
      say(`progress ${latentId}`, formatComment(`step ${event.step} of ${event.steps}`));
      return;
    }
    const index = shown.get(latentId) ?? 0;
    // A run that another request began may show more than was asked for here.
    if (index >= previews) return;
    shown.set(latentId, index + 1);
    const partial = formatImageEvent({
      type: `${kind}.partial_image`,
      b64_json: event.image,
      partial_image_index: index,
      created_at: unixSeconds(nowMs()),
      size,
      quality: "auto",
      // The previewer draws on white.
      background: "opaque",
      output_format: event.format,
      seed,
      latent_id: latentId,
    });
    say(`partial ${latentId} ${index}`, partial);
  }

  return { previews, onEvent };
}

/** Says that the connection lives, again and again, until it is stopped. */
function beat({ timeout }: StreamServices, say: Say): () => void {
  let isOver = false;
  const arm = () => timeout(heartbeatMs).addEventListener("abort", tick, { once: true });
  function tick(): void {
    if (isOver) return;
    say("heartbeat", formatComment("waiting"));
    arm();
  }
  arm();
  return () => {
    isOver = true;
  };
}

/** The text's tokens count with the first picture. */
function completedEvents(kind: StreamKind, generation: Generation, nowMs: number): string {
  const { pictures, size, decode, background, warnings, settlement } = generation;
  const events = pictures.map((picture, index) =>
    formatImageEvent({
      type: `${kind}.completed`,
      b64_json: toBase64(picture.bytes),
      created_at: unixSeconds(nowMs),
      size,
      quality: "auto",
      background,
      output_format: decode.format,
      seed: picture.seed,
      latent_id: picture.latentId,
      tier: picture.tier,
      age_seconds: picture.ageSeconds,
      ...(picture.isSimilar && { similar: true }),
      usage: imagesUsage([picture], { tokens: index === 0 ? generation.tokens : 0, settlement }),
      warnings,
    }),
  );
  return events.join("");
}

function formatImageEvent(event: ImageEvent | ImageEditEvent): string {
  return formatEvent(event.type, event);
}

function errorEvent(failure: Failure): string {
  const { error } = failureToHttp(failure).body;
  return formatEvent("error", { type: "error", error });
}

function unixSeconds(nowMs: number): number {
  return Math.floor(nowMs / 1000);
}
