import { type Health, parseHealth } from "../../shared/api/health.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import {
  answerTextBytesMax,
  decodedPictureBytesMax,
  latentBase64CharactersMax,
  previewBytesMax,
} from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { loadMsMax, stageCMsMin } from "../../shared/models/work-time.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type CheckModelRequest, checkModelPath } from "../../shared/wire/check-model.ts";
import { decodeTarget, latentContentType } from "../../shared/wire/decode.ts";
import { parseServerTiming } from "../../shared/wire/server-timing.ts";
import {
  parseStageCResponse,
  type StageCRequest,
  type StageCResponse,
  stageCTarget,
} from "../../shared/wire/stage-c.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import { fromBase64 } from "./base64.ts";
import { type Named, type NameJob, sendCancellable, type TaskConditions } from "./cancellable-task.ts";
import type { GpuBackend } from "./gpu-backends.ts";
import { createGpuFleet, type GpuFleet, type GpuFleetOptions } from "./gpu-fleet.ts";
import { parseJson } from "./parse-json.ts";
import { payerTags } from "./payer-tags.ts";
import { createPictureClient, type PictureClient } from "./picture-client.ts";
import { createStageCListener } from "./stage-c-listener.ts";
import { createTaskTimes, type ManifestOf, type TaskTimes } from "./task-times.ts";

/** A health check must answer while its reader still waits; the backend answers in a few milliseconds. */
const healthTimeoutMs = 2_000;

const healthPath = "/health";

/** One event of a stream holds a preview, or all that the JSON answer would. */
const previewBase64CharactersMax = Math.ceil(previewBytesMax / 3) * 4;

/** 128 bits: no two jobs ever share a name. */
const jobIdBytes = 16;

/** Milliseconds by part of the work, named as in `server-timing`. */
export type Milliseconds = Readonly<Record<string, number>>;

/** One latent file for each seed of the job, in its order. */
export interface StageCOutcome {
  readonly latents: readonly Uint8Array<ArrayBuffer>[];
  readonly milliseconds: Milliseconds;
}

/** A picture file. */
export interface DecodeOutcome {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly milliseconds: Milliseconds;
}

/** A latent file, and what it is to become. */
export interface DecodeWork {
  readonly latent: Uint8Array<ArrayBuffer>;
  readonly options: DecodeOptions;
}

/** A backend and what it answered just now. */
export interface BackendLook {
  readonly backend: GpuBackend;
  /** Of its address, without what a proxy may be shown. */
  readonly host: string;
  /** Undefined when it does not answer in time, or not sensibly. */
  readonly health: Health | undefined;
  readonly backlogMs: number | undefined;
}

/** How a Stage C job is done. */
export interface StageCConditions extends TaskConditions {
  /** Receives the task's reports; previews only if the task requests them. */
  readonly onEvent?: ((event: StageCEvent) => void) | undefined;
}

/**
 * The GPU backends. Token ids and latents go there, never a prompt's text or an API key. Stopped work is stopped there.
 */
export interface GpuClient extends PictureClient {
  runStageC(job: StageCRequest, conditions: StageCConditions): Promise<Result<StageCOutcome, Failure>>;
  decodeLatent(work: DecodeWork, conditions: TaskConditions): Promise<Result<DecodeOutcome, Failure>>;
  /** Whether any backend holds the model, with every file as its manifest says. Takes as long as reading them. */
  holdsModel(manifest: Manifest, listed?: readonly string[]): Promise<boolean>;
  /** Of each backend; undefined when it does not answer in time, or not sensibly. */
  health(): Promise<(Health | undefined)[]>;
  /** Each backend as it answers now, in the order of the list. */
  backends(): Promise<readonly BackendLook[]>;
}

/** What the client is made of. */
export interface GpuClientOptions extends GpuFleetOptions {
  readonly manifestOf: ManifestOf;
}

/** A client for all backends. */
export function createGpuClient(options: GpuClientOptions): GpuClient {
  const fleet = createGpuFleet(options);
  const times = createTaskTimes(options.manifestOf);
  const timed = { fleet, times };
  const named: NameJob = async ({ payer, ...conditions }) => {
    const tags = await payerTags(options.secret, payer);
    return { ...conditions, terms: { jobId: toHex(options.randomBytes(jobIdBytes)), ...tags } };
  };
  return {
    ...createPictureClient(timed, named),
    runStageC: async (job, conditions) => runStageC(timed, job, await named(conditions)),
    decodeLatent: async (work, conditions) => decodeLatent(timed, work, await named(conditions)),
    holdsModel: (manifest, listed = []) => holdsModel(fleet, manifest, listed),
    health: async () => (await lookAtEach(fleet)).map(({ health }) => health),
    backends: async () => {
      const looks = await lookAtEach(fleet);
      return options.backends.map((backend, index) => {
        const { health, backlogMs } = looks[index] ?? {};
        return { backend, host: new URL(backend.url).host, health, backlogMs };
      });
    },
  };
}

/** The backends, and how long they may take. */
interface TimedFleet {
  readonly fleet: GpuFleet;
  readonly times: TaskTimes;
}

/** The backend's deadline is our own: a later answer has no reader. */
async function runStageC(
  { fleet, times }: TimedFleet,
  job: StageCRequest,
  { terms, onEvent, ...conditions }: Named<StageCConditions>,
): Promise<Result<StageCOutcome, Failure>> {
  const timeoutMs = await times.stageC(job);
  // Proxies cut an answer that is silent for a minute or two; the events of a long job keep it open.
  const hear = onEvent ?? (timeoutMs > stageCMsMin ? () => undefined : undefined);
  const listener = hear && createStageCListener(job, hear);
  const request = {
    method: "POST",
    target: stageCTarget({ ...terms, priority: conditions.priority, deadlineMs: timeoutMs }),
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(job)),
    timeoutMs,
    answerBytesMax: job.seeds.length * latentBase64CharactersMax + answerTextBytesMax + previewBase64CharactersMax,
    listen: listener?.listen,
    revision: job.revision,
  } as const;
  const answer = await sendCancellable(fleet, { jobId: terms.jobId, request, isHedged: false }, conditions);
  if (!answer.ok) return err(withHeardShare(answer.error, listener?.doneShare() ?? 0));
  const heard = listener?.response();
  const response = heard ? ok(heard) : parseStageCResponse(parseJson(answer.value.bytes), job);
  if (!response.ok) return response;
  const latents = response.value.latents.map(({ safetensors }) => fromBase64(safetensors));
  return ok({ latents, milliseconds: stageCMilliseconds(response.value) });
}

/** Should the cancellation's answer have been lost, the steps that were reported still count. */
function withHeardShare(failure: Failure, heardShare: number): Failure {
  if (failure.code !== "job_cancelled") return failure;
  return { ...failure, doneShare: Math.max(failure.doneShare ?? 0, heardShare) };
}

function stageCMilliseconds({ milliseconds }: StageCResponse): Milliseconds {
  return {
    "stage-c-queue": milliseconds.queue,
    "text-encoder": milliseconds.textEncoder,
    "stage-c": milliseconds.stageC,
  };
}

async function decodeLatent(
  { fleet, times }: TimedFleet,
  { latent, options }: DecodeWork,
  { terms, ...conditions }: Named<TaskConditions>,
): Promise<Result<DecodeOutcome, Failure>> {
  const timeoutMs = await times.decode(latent);
  const request = {
    method: "POST",
    target: decodeTarget({ ...options, ...terms, priority: conditions.priority, deadlineMs: timeoutMs }),
    contentType: latentContentType,
    body: latent,
    revision: describeLatent(latent)?.metadata.revision,
    timeoutMs,
    answerBytesMax: decodedPictureBytesMax,
  } as const;
  const answer = await sendCancellable(fleet, { jobId: terms.jobId, request, isHedged: true }, conditions);
  if (!answer.ok) return answer;
  const { headers, bytes } = answer.value;
  // Anything else would be cached for a year under a picture's name.
  if (headers.get("content-type") !== imageContentType(options.format) || bytes.length === 0) {
    return err({ code: "backend_failed" });
  }
  const { queue, ...parts } = parseServerTiming(headers.get("server-timing"));
  return ok({ bytes, milliseconds: queue === undefined ? parts : { "decode-queue": queue, ...parts } });
}

async function holdsModel(fleet: GpuFleet, manifest: Manifest, listed: readonly string[]): Promise<boolean> {
  const model: CheckModelRequest = { model: manifest.id, revision: manifest.revision, listed: [...listed] };
  const answers = await fleet.sendToEach({
    method: "POST",
    target: checkModelPath,
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(model)),
    timeoutMs: loadMsMax(manifest),
    answerBytesMax: answerTextBytesMax,
  });
  return answers.some(({ ok }) => ok);
}

async function lookAtEach(fleet: GpuFleet): Promise<Partial<Pick<BackendLook, "health" | "backlogMs">>[]> {
  const answers = await fleet.sendToEach({
    method: "GET",
    target: healthPath,
    body: new Uint8Array(),
    timeoutMs: healthTimeoutMs,
    answerBytesMax: answerTextBytesMax,
  });
  return answers.map((answer) =>
    answer.ok ? { health: parseHealth(parseJson(answer.value.bytes)), backlogMs: answer.value.backlogMs } : {},
  );
}
