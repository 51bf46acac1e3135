import type { Failure } from "../../shared/errors.ts";
import { answerTextBytesMax, latentBase64CharactersMax } from "../../shared/limits.ts";
import type { LatentFile } from "../../shared/models/latent-file.ts";
import { ok, type Result } from "../../shared/result.ts";
import { encodeImagePromptTarget, parseEncodeImagePromptResponse } from "../../shared/wire/encode-image-prompt.ts";
import {
  encodeImagePath,
  encodeMaskPath,
  encodeTarget,
  parseEncodeImageResponse,
  parseEncodeMaskResponse,
  pictureContentType,
} from "../../shared/wire/encode-picture.ts";
import { parseReadMarkResponse, readMarkTarget } from "../../shared/wire/read-mark.ts";
import { fromBase64 } from "./base64.ts";
import { type Named, type NameJob, sendCancellable, type TaskConditions } from "./cancellable-task.ts";
import type { GpuFleet } from "./gpu-fleet.ts";
import type { GpuRequest } from "./gpu-transport.ts";
import { parseJson } from "./parse-json.ts";
import type { TaskTimes } from "./task-times.ts";

/** What needs no device takes milliseconds; the rest is the way there and back. */
const toolTimeoutMs = 30_000;

/** Nobody pays for it, and the rest of the answer waits for it. */
const markTimeoutMs = 10_000;

/** A picture's file, and the size that it is wanted in. */
export interface PictureWork {
  /** The model whose latent it is to become. */
  readonly model: string;
  readonly revision: string;
  readonly file: Uint8Array<ArrayBuffer>;
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
}

/** A picture of an account. */
export interface UploadWork extends PictureWork {
  /** Differs between accounts: uploads share a run only where it is the same. */
  readonly shareKey: string;
}

/** The latent of a picture, in the size that was wanted. */
type EncodedPicture = Omit<LatentFile, "seed">;

/** What the backend does with pictures from outside. Fails with its `invalid_request` on one that is wrong. */
export interface PictureClient {
  /** The latent of a picture. */
  encodeImage(work: UploadWork, conditions: TaskConditions): Promise<Result<EncodedPicture, Failure>>;
  /** What Stage C reads of a picture that is part of a prompt, in base64. */
  encodeImagePrompt(work: Omit<UploadWork, "size">, conditions: TaskConditions): Promise<Result<string, Failure>>;
  /** A mask as the cells that are to be made anew. */
  encodeMask(work: PictureWork): Promise<Result<string, Failure>>;
  /** In how many bits a picture agrees with the mark of a model. Waits behind what is paid for, for ten seconds. */
  readMark(work: Omit<PictureWork, "size">): Promise<Result<number, Failure>>;
}

/** A client for all backends. */
export function createPictureClient({ fleet, times }: TimedEncodes, named: NameJob): PictureClient {
  return {
    encodeImage: async (work, conditions) => encodeImage({ fleet, times }, work, await named(conditions)),
    encodeImagePrompt: async (work, conditions) => encodeImagePrompt({ fleet, times }, work, await named(conditions)),
    encodeMask: (work) => encodeMask(fleet, work),
    readMark: (work) => readMark(fleet, work),
  };
}

interface TimedEncodes {
  readonly fleet: GpuFleet;
  readonly times: Pick<TaskTimes, "encode">;
}

async function encodeImage(
  { fleet, times }: TimedEncodes,
  { file, size, model, revision, shareKey }: UploadWork,
  { terms, ...conditions }: Named<TaskConditions>,
): Promise<Result<EncodedPicture, Failure>> {
  const timeoutMs = await times.encode({ revision, size });
  const target = encodeTarget(encodeImagePath, {
    size,
    model,
    revision,
    shareKey,
    ...terms,
    priority: conditions.priority,
    deadlineMs: timeoutMs,
  });
  const request = { ...pictureRequest(target, file), revision, timeoutMs };
  const answer = await sendCancellable(fleet, { jobId: terms.jobId, request, isHedged: false }, conditions);
  if (!answer.ok) return answer;
  const encoded = parseEncodeImageResponse(parseJson(answer.value.bytes));
  return encoded.ok ? ok({ bytes: fromBase64(encoded.value.safetensors), size }) : encoded;
}

async function encodeImagePrompt(
  { fleet, times }: TimedEncodes,
  { file, model, revision, shareKey }: Omit<UploadWork, "size">,
  { terms, ...conditions }: Named<TaskConditions>,
): Promise<Result<string, Failure>> {
  const timeoutMs = await times.encode({ revision });
  const asked = { model, revision, shareKey, ...terms, priority: conditions.priority, deadlineMs: timeoutMs };
  const request = { ...pictureRequest(encodeImagePromptTarget(asked), file), revision, timeoutMs };
  const answer = await sendCancellable(fleet, { jobId: terms.jobId, request, isHedged: false }, conditions);
  if (!answer.ok) return answer;
  const encoded = parseEncodeImagePromptResponse(parseJson(answer.value.bytes));
  return encoded.ok ? ok(encoded.value.states) : encoded;
}

async function encodeMask(
  fleet: GpuFleet,
  { file, size, model, revision }: PictureWork,
): Promise<Result<string, Failure>> {
  const target = encodeTarget(encodeMaskPath, { size, model, revision });
  const answer = await fleet.send({ ...pictureRequest(target, file), revision });
  if (!answer.ok) return answer;
  const mask = parseEncodeMaskResponse(parseJson(answer.value.bytes));
  return mask.ok ? ok(mask.value.cells) : mask;
}

async function readMark(
  fleet: GpuFleet,
  { file, model, revision }: Omit<PictureWork, "size">,
): Promise<Result<number, Failure>> {
  const target = readMarkTarget({ model, revision, priority: "batch", deadlineMs: markTimeoutMs });
  const answer = await fleet.send({ ...pictureRequest(target, file), revision, timeoutMs: markTimeoutMs });
  if (!answer.ok) return answer;
  const read = parseReadMarkResponse(parseJson(answer.value.bytes));
  return read.ok ? ok(read.value.matches) : read;
}

function pictureRequest(target: string, body: Uint8Array): GpuRequest {
  return { ...toolRequest(target), contentType: pictureContentType, body };
}

function toolRequest(target: string): Omit<GpuRequest, "body"> {
  return {
    method: "POST",
    target,
    contentType: "application/json",
    timeoutMs: toolTimeoutMs,
    answerBytesMax: latentBase64CharactersMax + answerTextBytesMax,
    // Only the backend looks into pictures, so what it says of them is for the client.
    passesRefusals: true,
  };
}
