import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { parseStageCResponse, type StageCRequest } from "../../shared/wire/stage-c.ts";
import { type Backend, decodeDraft, send, stageCDraft, startBackend } from "../support/backend.ts";

/** How a backend is run for a comparison. */
export interface PictureBackendOptions {
  readonly bundle: string;
  /** Where optimised graphs are kept. */
  readonly graphCache: string;
  readonly threads: number;
  /** Pictures at a time. */
  readonly batch: number;
  /** STAGES_RESIDENT. */
  readonly resident: string;
}

/** What is to be made at the bundle's default size, `seeds.length` pictures of it. */
export interface PictureOrder extends Pick<StageCRequest, "tokenIds" | "negativeTokenIds" | "guidanceScale" | "steps"> {
  readonly seeds: number[];
}

/**
 * A backend that computes text, latent and picture anew for every request, as the other side does. It is started twice:
 * what is written when a graph is first loaded, later starts use, and that is the state that a server is in.
 */
export async function startPictureBackend(options: PictureBackendOptions, order: PictureOrder): Promise<Backend> {
  const environment = {
    MODELS_DIR: dirname(options.bundle),
    MODEL_ID: basename(options.bundle),
    INTRA_OP_THREADS: String(options.threads),
    PICTURES_TOGETHER_MAX: String(options.batch),
    STAGES_RESIDENT: options.resident,
    // PyTorch does not stand back either.
    LANE_NICE: "0",
    TEXT_CACHE_MEGABYTES: "0",
    LOG_LEVEL: "info",
    GRAPH_CACHE_MEGABYTES: "4096",
    GRAPH_CACHE_DIR: options.graphCache,
    NODE_COMPILE_CACHE: `${options.graphCache}-code`,
  };
  const first = await startBackend(environment);
  await makePictures(first, await readManifest(options.bundle), order);
  await first.stop();
  return startBackend(environment);
}

/** Milliseconds from the request for latents to the last PNG. */
export async function makePictures(backend: Backend, manifest: Manifest, order: PictureOrder): Promise<number> {
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  const { id: model, revision } = manifest;
  const request: StageCRequest = { model, revision, ...order, latentShape: [...shape.value] };
  const start = performance.now();
  const answer = parseStageCResponse(await (await send(backend, stageCDraft(request))).json(), request);
  if (!answer.ok) throw new TypeError("The backend made no latents.");
  const files = answer.value.latents.map(({ safetensors }) => new Uint8Array(Buffer.from(safetensors, "base64")));
  const pictures = await Promise.all(files.map(async (file) => (await send(backend, decodeDraft(file))).arrayBuffer()));
  if (pictures.some(({ byteLength }) => byteLength < 1_000)) throw new TypeError("The backend made no pictures.");
  return performance.now() - start;
}

/** Largest resident memory so far, in bytes; Linux only. */
export function peakMemory(backend: Backend): { readonly lane: number; readonly server: number } {
  const lanePid = Number(backend.logged("lane ready").at(-1)?.["lanePid"]);
  return { lane: peakBytes(lanePid), server: peakBytes(backend.process.pid) };
}

function peakBytes(pid: number | undefined): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return 1_024 * Number(kibibytes);
}
