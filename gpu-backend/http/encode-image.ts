import type { Context } from "hono";
import { pictureBytesMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok } from "../../shared/result.ts";
import {
  type EncodeImageResponse,
  encodeImagePath,
  parseEncodeQuery,
  pictureContentType,
} from "../../shared/wire/encode-picture.ts";
import { roundMilliseconds } from "../../shared/wire/server-timing.ts";
import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import { readPicture } from "../image/read-picture.ts";
import type { EncodeTask } from "../lane/lane-messages.ts";
import { compressorSize } from "../pipeline/encode-pixels.ts";
import type { Answer } from "../scheduling/scheduler.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { namedModel, pictureShape } from "./check-request.ts";
import { keyOf, runOnce } from "./run-once.ts";
import type { EncodedPicture, Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";
import { traceparentHeader } from "./tracing.ts";

/** A picture's file, what it is to become, and on which terms. */
interface Upload extends TaskTerms {
  readonly latentShape: NonNullable<EncodeTask["latentShape"]>;
  readonly manifest: Manifest;
  readonly file: Uint8Array;
  readonly shareKey: string | undefined;
}

/**
 * POST /encode-image: a picture file in, the latent that stands for it out. Only its pixels reach the lane; the same
 * file from several callers at once is read and encoded once.
 */
export function encodeImage(services: Services): SignedRoute {
  const { models, encodeTasks, tracing } = services;

  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const query = parseEncodeQuery(context.req.query());
    if (!query.ok) return answerFailure(context, query.error);
    const { size, jobId, shareKey, model: id, revision, ...terms } = query.value;
    const model = await namedModel(models, { model: id, revision });
    if (!model.ok) return answerFailure(context, model.error);
    const { manifest } = model.value;
    const shape = pictureShape(manifest, size);
    if (!shape.ok) return answerFailure(context, shape.error);

    const [channels, rows, columns] = shape.value;
    const upload: Upload = { ...terms, manifest, shareKey, file: body, latentShape: [channels, rows, columns] };
    const task = {
      kind: "encode",
      jobId,
      key: uploadKey(upload),
      tasks: encodeTasks,
      trace: tracing.begin("encode", context.req.header(traceparentHeader)),
      run: (signal: AbortSignal) => readAndEncode(services, upload, signal),
    };
    const ran = await runOnce(services, task, { signal: context.req.raw.signal });
    return ran.ok ? context.json(toResponse(ran.value.value)) : answerUnscheduled(context, ran.error);
  }

  return { path: encodeImagePath, task: "encode", contentType: pictureContentType, bytesMax: pictureBytesMax, handle };
}

function uploadKey({ file, manifest, latentShape, shareKey, priority, deadlineMs }: Upload): string {
  return keyOf({ revision: manifest.revision, latentShape, shareKey, priority, deadlineMs }, file);
}

async function readAndEncode(
  { scheduler, metrics }: Services,
  { file, manifest, latentShape, shareKey: _, ...terms }: Upload,
  signal: AbortSignal,
): Promise<Answer<EncodedPicture>> {
  const picture = await readPicture(file, compressorSize(manifest, latentShape), manifest.image.channels);
  if (!picture.ok) return err({ failure: picture.error, queueMs: 0, gpuMs: 0, doneShare: 0 });
  const { value: pixels, original } = picture.value;
  const ran = await scheduler.encode({ revision: manifest.revision, pixels, latentShape }, { ...terms, signal });
  if (!ran.ok) return ran;
  const { queueMs, residentBytes, outcome } = ran.value;
  metrics.encoded({ queue: queueMs, compressor: outcome.milliseconds.compressor });
  metrics.laneResident(residentBytes);
  return ok({ ...ran.value, outcome: { ...outcome, original } });
}

function toResponse({ outcome, queueMs }: { outcome: EncodedPicture; queueMs: number }): EncodeImageResponse {
  const { original, file, milliseconds } = outcome;
  return {
    ...original,
    safetensors: Buffer.from(file).toString("base64"),
    milliseconds: {
      queue: roundMilliseconds(queueMs),
      compressor: roundMilliseconds(milliseconds.compressor),
    },
  };
}
