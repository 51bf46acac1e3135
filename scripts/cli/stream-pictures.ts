import type { Schemas } from "../../shared/client/calls.ts";
import type { StreamOptions } from "../../shared/client/image-stream.ts";
import { CommandError } from "../command-line.ts";
import { exitCodes } from "./exit-codes.ts";
import { type PictureProgress, showPictureProgress } from "./picture-progress.ts";
import { type MadePicture, type MadePictures, placeOf } from "./pictures.ts";

type PictureEvent = Schemas["ImageEvent"] | Schemas["ImageEditEvent"];

/** What a command streams. */
export interface PictureStream {
  /** How many pictures it asks for. */
  readonly count: number;
  /** Aborts the request, which then ends at the service too. */
  readonly signal: AbortSignal;
  /** Whether the terminal shows no pictures. */
  readonly isQuiet: boolean;
  /** Sends the request. `fields` ask for as many previews as the terminal shows. */
  readonly open: (fields: { readonly partial_images: number }, options: StreamOptions) => AsyncIterable<PictureEvent>;
}

/**
 * Makes pictures by a stream, since only that ends at the service when this process leaves, and shows how far it is.
 * Throws `CommandError` when the stream ends before the last picture has come.
 */
export async function streamPictures({ count, signal, isQuiet, open }: PictureStream): Promise<MadePictures> {
  signal.throwIfAborted();
  const progress = await showPictureProgress("Making the picture", isQuiet);
  const startedMs = performance.now();
  try {
    const events = open({ partial_images: progress.previews }, { signal, onStep: (report) => progress.step(report) });
    const made = await collect(events, progress);
    if (made.pictures.length < count) throw endedEarly(made.pictures.length, count);
    return { ...made, milliseconds: performance.now() - startedMs };
  } finally {
    progress.done();
  }
}

async function collect(
  events: AsyncIterable<PictureEvent>,
  progress: PictureProgress,
): Promise<Omit<MadePictures, "milliseconds">> {
  const pictures: MadePicture[] = [];
  const warnings = new Set<string>();
  let microUsd = 0;
  for await (const event of events) {
    const file = Buffer.from(event.b64_json, "base64");
    await progress.show(event.latent_id, file);
    if (event.type === "image_generation.partial_image" || event.type === "image_edit.partial_image") continue;
    pictures.push({ ...placeOf(event), file });
    microUsd += event.usage.cost.micro_usd;
    for (const warning of event.warnings) warnings.add(warning);
  }
  return { pictures, microUsd, warnings: [...warnings] };
}

function endedEarly(came: number, count: number): CommandError {
  return new CommandError(
    `The service's answer ended after ${came} of ${count} pictures. Nothing was written; try again.`,
    exitCodes.unavailable,
  );
}
