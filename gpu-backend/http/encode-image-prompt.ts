import type { Context } from "hono";
import { pictureBytesMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok } from "../../shared/result.ts";
import {
  type EncodeImagePromptResponse,
  encodeImagePromptPath,
  parseEncodeImagePromptQuery,
} from "../../shared/wire/encode-image-prompt.ts";
import { pictureContentType } from "../../shared/wire/encode-picture.ts";
import { roundMilliseconds } from "../../shared/wire/server-timing.ts";
import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import { readPicture } from "../image/read-picture.ts";
import { imagePromptSize } from "../pipeline/image-prompts.ts";
import type { Answer } from "../scheduling/scheduler.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { heldModel, imagePromptFault } from "./check-request.ts";
import { keyOf, runOnce } from "./run-once.ts";
import type { EncodedPicture, Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";
import { traceparentHeader } from "./tracing.ts";

interface ImagePrompt extends TaskTerms {
  readonly manifest: Manifest;
  readonly file: Uint8Array;
}

/** POST /encode-image-prompt: a picture file in, what Stage C reads of it out. Only its pixels reach the lane. */
export function encodeImagePrompt(services: Services): SignedRoute {
  const { models, encodeTasks, tracing } = services;

  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const query = parseEncodeImagePromptQuery(context.req.query());
    if (!query.ok) return answerFailure(context, query.error);
    const { jobId, shareKey, model: id, revision, ...terms } = query.value;
    const model = await heldModel(models, { model: id, revision });
    if (!model.ok) return answerFailure(context, model.error);
    const { manifest } = model.value;
    const fault = imagePromptFault(manifest);
    if (fault !== undefined) return answerFailure(context, fault);

    const prompt: ImagePrompt = { ...terms, manifest, file: body };
    const task = {
      kind: "encode",
      jobId,
      key: keyOf({ prompt: revision, shareKey, priority: terms.priority, deadlineMs: terms.deadlineMs }, body),
      tasks: encodeTasks,
      trace: tracing.begin("encode", context.req.header(traceparentHeader)),
      run: (signal: AbortSignal) => readAndEncode(services, prompt, signal),
    };
    const ran = await runOnce(services, task, { signal: context.req.raw.signal });
    return ran.ok ? context.json(toResponse(ran.value.value)) : answerUnscheduled(context, ran.error);
  }

  const path = encodeImagePromptPath;
  return { path, task: "encode", contentType: pictureContentType, bytesMax: pictureBytesMax, handle };
}

async function readAndEncode(
  { scheduler, metrics }: Services,
  { file, manifest, ...terms }: ImagePrompt,
  signal: AbortSignal,
): Promise<Answer<EncodedPicture>> {
  // As the processor of the encoder does it: the shorter side becomes the encoder's, then the middle is cut out.
  const picture = await readPicture(file, imagePromptSize(manifest), 3, "cubic");
  if (!picture.ok) return err({ failure: picture.error, queueMs: 0, gpuMs: 0, doneShare: 0 });
  const { value: pixels, original } = picture.value;
  const ran = await scheduler.encode({ revision: manifest.revision, pixels }, { ...terms, signal });
  if (!ran.ok) return ran;
  const { queueMs, residentBytes, outcome } = ran.value;
  metrics.encoded({ queue: queueMs, compressor: outcome.milliseconds.compressor });
  metrics.laneResident(residentBytes);
  return ok({ ...ran.value, outcome: { ...outcome, original } });
}

function toResponse({ outcome, queueMs }: { outcome: EncodedPicture; queueMs: number }): EncodeImagePromptResponse {
  return {
    states: Buffer.from(outcome.file).toString("base64"),
    milliseconds: {
      queue: roundMilliseconds(queueMs),
      imageEncoder: roundMilliseconds(outcome.milliseconds.compressor),
    },
  };
}
