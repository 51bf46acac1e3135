import type { DecodeOptions } from "../../../shared/decode-options.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../../shared/latents/float16.ts";
import { decodeLatent, encodeLatent } from "../../../shared/latents/latent-format.ts";
import { stepsRun } from "../../../shared/models/sampling.ts";
import { imageContentType } from "../../../shared/output-format.ts";
import { ok } from "../../../shared/result.ts";
import { cancelPath } from "../../../shared/wire/cancel.ts";
import { decodePath, parseDecodeQuery } from "../../../shared/wire/decode.ts";
import { eventStreamContentType } from "../../../shared/wire/event-stream.ts";
import { createMemoryReplayGuard } from "../../../shared/wire/replay-guard.ts";
import { hasDigest, verifyHead } from "../../../shared/wire/request-signature.ts";
import { parseStageCRequest, parseStageCTerms, type StageCRequest, stageCPath } from "../../../shared/wire/stage-c.ts";
import { formatStageCEnd, formatStageCEvent } from "../../../shared/wire/stage-c-events.ts";
import type { TaskTerms } from "../../../shared/wire/task-terms.ts";
import { toBase64 } from "../../../workers/gpu/base64.ts";
import { answerPictureTool } from "./picture-tools-double.ts";
import { manifest } from "./tiny-bundle.ts";

/** What the double does with a request: its real work, a broken connection, or some answer. */
type Behaviour = "works" | "unreachable" | (() => Response);

/** Stands at the network boundary and speaks the real wire contract, signatures included; only its pictures are not. */
export class GpuBackendDouble {
  readonly jobs: StageCRequest[] = [];
  /** The terms of each of `jobs`. */
  readonly terms: TaskTerms[] = [];
  readonly decodes: DecodeOptions[] = [];
  /** Paths of what was asked about pictures and latents from outside. */
  readonly tools: string[] = [];
  /** The names of the jobs that were cancelled. */
  readonly cancelled: string[] = [];
  /** Everything that arrived, as text: for what must never arrive. */
  readonly transcript: string[] = [];
  behaviour: Behaviour = "works";
  failsDecodes = false;
  /** What it says of a cancelled job: the part of its steps that had run. */
  doneShare = 0;
  /** As if every job were done before its cancellation came. */
  ignoresCancels = false;
  /** How a stream ends instead of with its result. */
  streamEnd: string | undefined;
  health: unknown = { status: "ready", model: manifest.id, revision: manifest.revision };
  #gate = async (_path: string) => {};
  readonly #stops = new Map<string, () => void>();
  readonly #secret: string;
  readonly #nowMs: () => number;
  readonly #replayGuard = createMemoryReplayGuard({ nowSeconds: () => this.#nowSeconds() });

  constructor(secret: string, nowMs: () => number) {
    this.#secret = secret;
    this.#nowMs = nowMs;
  }

  /**
   * Holds requests back from now on, on this path or on all: `reached` settles with the first, `release` frees them.
   */
  hold(only?: string): { readonly reached: Promise<void>; readonly release: () => void } {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      this.#gate = async (path) => {
        if (only !== undefined && path !== only) return;
        resolve();
        await released;
      };
    });
    return { reached, release };
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    const body = new Uint8Array(await request.arrayBuffer());
    this.transcript.push([url, ...request.headers.values(), new TextDecoder().decode(body)].join("\n"));
    const { pathname, search, searchParams } = new URL(url);
    if (pathname === cancelPath) return this.#cancel(JSON.parse(new TextDecoder().decode(body)));
    if (await this.#isStopped(pathname, searchParams.get("jobId") ?? undefined)) {
      return Response.json({ error: { code: "job_cancelled" } }, { status: 409 });
    }
    if (this.behaviour === "unreachable") throw new TypeError("connection refused");
    if (this.behaviour !== "works") return this.behaviour();
    const verified = await verifyHead(
      [this.#secret],
      { method: request.method, target: `${pathname}${search}` },
      { header: (name) => request.headers.get(name), nowSeconds: this.#nowSeconds(), replayGuard: this.#replayGuard },
    );
    if (!verified.ok) return Response.json({ fault: verified.error }, { status: 403 });
    if (!(await hasDigest(body, verified.value))) return Response.json({ fault: "mismatch" }, { status: 403 });
    if (pathname === stageCPath)
      return this.#runStageC(Object.fromEntries(searchParams), body, request.headers.get("accept"));
    if (pathname === decodePath && this.failsDecodes) return Response.json({}, { status: 500 });
    if (pathname === decodePath) return this.#decode(Object.fromEntries(searchParams), body);
    const tool = answerPictureTool(pathname, searchParams, body);
    if (tool === undefined) return Response.json(this.health);
    this.tools.push(pathname);
    return tool;
  };

  #nowSeconds(): number {
    return Math.floor(this.#nowMs() / 1000);
  }

  /** Waits at the gate. True when the job is cancelled there. */
  async #isStopped(path: string, jobId: string | undefined): Promise<boolean> {
    const stopped = new Promise<boolean>((resolve) => {
      if (jobId !== undefined) this.#stops.set(jobId, () => resolve(true));
    });
    const isStopped = await Promise.race([stopped, this.#gate(path).then(() => false)]);
    if (jobId !== undefined) this.#stops.delete(jobId);
    return isStopped;
  }

  #cancel({ jobId }: { readonly jobId: string }): Response {
    this.cancelled.push(jobId);
    if (!this.ignoresCancels) this.#stops.get(jobId)?.();
    return Response.json({ cancelled: this.#stops.has(jobId), gpuMilliseconds: 1, doneShare: this.doneShare });
  }

  #runStageC(query: Record<string, string>, body: Uint8Array, accept: string | null): Response {
    const terms = parseStageCTerms(query);
    const job = parseStageCRequest(JSON.parse(new TextDecoder().decode(body)));
    if (!job.ok || !terms.ok) return Response.json({}, { status: 400 });
    this.jobs.push(job.value);
    this.terms.push(terms.value);
    const answer = {
      model: job.value.model,
      revision: job.value.revision,
      latents: job.value.seeds.map((seed) => ({ seed, safetensors: toBase64(latentFile(job.value, seed)) })),
      milliseconds: { queue: 0.5, textEncoder: 1.5, stageC: 20 },
    };
    if (accept !== eventStreamContentType) return Response.json(answer);
    const headers = { "content-type": eventStreamContentType };
    return new Response([...newsOf(job.value), this.streamEnd ?? formatStageCEnd(ok(answer))].join(""), { headers });
  }

  #decode(query: Record<string, string>, body: Uint8Array): Response {
    const options = parseDecodeQuery(query);
    const latent = decodeLatent(body);
    if (!options.ok || !latent.ok) return Response.json({}, { status: 400 });
    this.decodes.push(options.value);
    const { format, quality } = options.value;
    const picture = `${format} ${quality ?? "default"} ${Array.from(latent.value.values.subarray(0, 64)).join(" ")}`;
    const headers = {
      "content-type": imageContentType(format),
      "server-timing": "queue;dur=0.25, stage-b;dur=10, stage-a;dur=3, encode;dur=2",
    };
    return new Response(picture, { headers });
  }
}

/** Every step, and a preview, which is no picture, wherever one is wanted. */
function newsOf({ steps: all, start, previewEverySteps = 0, previewFormat = "webp" }: StageCRequest): string[] {
  const steps = stepsRun(all, start?.strength ?? 1);
  return Array.from({ length: steps }, (_, index) => {
    const step = index + 1;
    const isDue = previewEverySteps > 0 && step % previewEverySteps === 0 && step < steps;
    const image = btoa(`preview ${step}`);
    const preview = { kind: "preview", sample: 0, step, format: previewFormat, image } as const;
    return formatStageCEvent({ kind: "progress", step, steps }) + (isDue ? formatStageCEvent(preview) : "");
  });
}

/** Any deterministic function of the job will do, so long as every part of the job decides the values. */
function latentFile(job: StageCRequest, seed: number): Uint8Array {
  const [channels, height, width] = job.latentShape;
  const startLetters = Array.from(JSON.stringify(job.start ?? null), (letter) => letter.charCodeAt(0));
  const all = [...job.tokenIds, 1, ...job.negativeTokenIds, job.steps, job.guidanceScale, seed % 9973, ...startLetters];
  const start = all.reduce((sum, value) => (sum * 31 + value) % 10_007, 7);
  const values = Float32Array.from(
    { length: channels * height * width },
    (_, i) => ((start + i * 17) % 2003) / 1000 - 1,
  );
  const metadata = { model: job.model, revision: job.revision, seed: String(seed) };
  const file = encodeLatent({
    values: fromFloat16Bits(toFloat16Bits(values)),
    shape: [channels, height, width],
    metadata,
  });
  if (!file.ok) throw new TypeError(file.error.message);
  return file.value;
}
