import { type Health, parseHealth } from "../../shared/api/health.ts";
import type { Failure } from "../../shared/errors.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { type DecodeOptions, decodeTarget, latentContentType } from "../../shared/wire/decode.ts";
import { parseServerTiming } from "../../shared/wire/server-timing.ts";
import { parseStageCResponse, type StageCRequest, type StageCResponse, stageCPath } from "../../shared/wire/stage-c.ts";
import { fromBase64 } from "./base64.ts";
import { createGpuTransport, type GpuTransport, type GpuTransportOptions } from "./gpu-transport.ts";

/** Ten pictures at the most steps, on a CPU, behind as long a queue; clients give up after 10 minutes themselves. */
const stageCTimeoutMs = 300_000;

/** One decode on a CPU, behind nine others of the same request. */
const decodeTimeoutMs = 120_000;

/** A health check must answer while its reader still waits; the backend answers in a few milliseconds. */
const healthTimeoutMs = 2_000;

const healthPath = "/health";

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

/** The GPU backend. Token ids and latents go there, never a prompt's text or an API key. */
export interface GpuClient {
  runStageC(job: StageCRequest): Promise<Result<StageCOutcome, Failure>>;
  /** `latent`: a latent file. */
  decodeLatent(latent: Uint8Array<ArrayBuffer>, options: DecodeOptions): Promise<Result<DecodeOutcome, Failure>>;
  /** Undefined when the backend does not answer in time, or not sensibly. */
  health(): Promise<Health | undefined>;
}

/** A client for one backend. */
export function createGpuClient(options: GpuTransportOptions): GpuClient {
  const send = createGpuTransport(options);
  return {
    runStageC: (job) => runStageC(send, job),
    decodeLatent: (latent, decode) => decodeLatent(send, latent, decode),
    health: () => readHealth(send),
  };
}

async function runStageC(send: GpuTransport, job: StageCRequest): Promise<Result<StageCOutcome, Failure>> {
  const answer = await send({
    method: "POST",
    target: stageCPath,
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(job)),
    timeoutMs: stageCTimeoutMs,
  });
  if (!answer.ok) return answer;
  const response = parseStageCResponse(parseJson(answer.value.bytes), job);
  if (!response.ok) return response;
  const latents = response.value.latents.map(({ safetensors }) => fromBase64(safetensors));
  return ok({ latents, milliseconds: stageCMilliseconds(response.value) });
}

function stageCMilliseconds({ milliseconds }: StageCResponse): Milliseconds {
  return {
    "stage-c-queue": milliseconds.queue,
    "text-encoder": milliseconds.textEncoder,
    "stage-c": milliseconds.stageC,
  };
}

async function decodeLatent(
  send: GpuTransport,
  latent: Uint8Array<ArrayBuffer>,
  options: DecodeOptions,
): Promise<Result<DecodeOutcome, Failure>> {
  const answer = await send({
    method: "POST",
    target: decodeTarget(options),
    contentType: latentContentType,
    body: latent,
    timeoutMs: decodeTimeoutMs,
  });
  if (!answer.ok) return answer;
  const { headers, bytes } = answer.value;
  // Anything else would be cached for a year under a picture's name.
  if (headers.get("content-type") !== imageContentType(options.format) || bytes.length === 0) {
    return err({ code: "backend_failed" });
  }
  const { queue, ...parts } = parseServerTiming(headers.get("server-timing"));
  return ok({ bytes, milliseconds: queue === undefined ? parts : { "decode-queue": queue, ...parts } });
}

async function readHealth(send: GpuTransport): Promise<Health | undefined> {
  const answer = await send({
    method: "GET",
    target: healthPath,
    body: new Uint8Array(),
    timeoutMs: healthTimeoutMs,
  });
  return answer.ok ? parseHealth(parseJson(answer.value.bytes)) : undefined;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // Not JSON: the schema that reads this refuses undefined.
    return undefined;
  }
}
