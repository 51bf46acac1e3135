import { runStageA, runStageB } from "../../../shared/decoding/paint-latent.ts";
import { previewLatent } from "../../../shared/decoding/preview-latent.ts";
import { encodeLatent, type Latent } from "../../../shared/latents/latent-format.ts";
import { latentSeed } from "../../../shared/latents/latent-seed.ts";
import { mixLatentFiles } from "../../../shared/models/latent-file.ts";
import { type Manifest, parseManifest } from "../../../shared/models/manifest.ts";
import { readLatent } from "../../../shared/models/read-latent.ts";
import type { Result } from "../../../shared/result.ts";
import { DecoderError, fetchFile } from "./decoder-error.ts";
import type { AnswerMessage, DecoderEnd, DecoderNews, DecoderTask, LatentView, TaskMessage } from "./messages.ts";

// Runs in a worker of its own, so that the page answers while it computes. It decodes with the backend's own code.

type Tell = (news: DecoderNews) => void;

/** Of runtime and graphs so far: what previews have loaded, a decode need not load again. */
let loadedBytes = 0;
let queue: Promise<void> = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<TaskMessage>) => {
  const { id, task } = data;
  const answer = (message: AnswerMessage) => postMessage(message);
  // One after the other: the runtime has one thread.
  queue = queue.then(async () => {
    const end = await perform(task, (news) => answer({ id, news })).catch(refusal);
    answer({ id, end });
  });
});

async function perform(task: DecoderTask, tell: Tell): Promise<DecoderEnd> {
  const model = await loadManifest();
  if (task.kind === "mix") {
    const mixed = accepted(mixLatentFiles(model, task.files, task.t));
    return { kind: "file", file: mixed.bytes };
  }
  if (task.kind === "pack") return pack(model, task.latent);
  const latent = accepted(readLatent(model, task.file));
  if (task.kind === "read") return { kind: "view", view: viewOf(latent) };
  return task.kind === "preview" ? preview(model, latent, tell) : decode(model, latent, tell);
}

/** A latent as a file, which is checked only where it is read. */
function pack({ id }: Manifest, { values, shape, seed, revision }: LatentView): DecoderEnd {
  const packed = encodeLatent({ values, shape, metadata: { model: id, revision, seed: String(seed) } });
  return { kind: "file", file: accepted(packed) };
}

function viewOf({ values, shape, metadata }: Latent) {
  return { values, shape, seed: latentSeed(metadata) ?? 0, revision: metadata.revision };
}

async function preview(model: Manifest, latent: Latent, tell: Tell): Promise<DecoderEnd> {
  const previewer = await loadPreviewer(model, tell);
  if (previewer === undefined) return decode(model, latent, tell);
  const startedMs = performance.now();
  const pixels = await previewLatent(asSampled(model), previewer, latent);
  return { kind: "pixels", pixels, milliseconds: performance.now() - startedMs };
}

async function decode(model: Manifest, latent: Latent, tell: Tell): Promise<DecoderEnd> {
  const previewer = await loadPreviewer(model, tell);
  const open = await loadDecoder(model, tell);
  const startedMs = performance.now();
  if (previewer !== undefined) {
    tell({ kind: "preview", pixels: await previewLatent(asSampled(model), previewer, latent) });
  }
  const between = await runStageB(model, open, latent, {
    onStep: ({ step, steps }) => tell({ kind: "step", step, steps }),
  });
  const pixels = await runStageA(model, open, between, latent.shape);
  return { kind: "pixels", pixels, milliseconds: performance.now() - startedMs };
}

/** `previewLatent` takes the sampler's form, and a file holds the stored one: so no scale and no offset here. */
function asSampled(model: Manifest): Manifest {
  return { ...model, latent: { ...model.latent, scale: 1, offset: 0 } };
}

const loadManifest = once(async () => {
  const response = await fetchFile("/site/model.json", "decoder_unavailable");
  const parsed = parseManifest(await response.json());
  if (!parsed.ok) throw new DecoderError("decoder_outdated");
  return parsed.value;
});

/** The runtime comes only when a picture is to be made: latents are read without it. */
const loadRuntime = once(async (model: Manifest, tell: Tell) => {
  const runtime = await import("./open-graphs.ts").catch(() => {
    throw new DecoderError("decoder_offline");
  });
  const onBytes = progressOf(runtime.bytesToOpen(model), tell);
  await runtime.openRuntime(onBytes);
  return runtime;
});

const loadPreviewer = once(async (model: Manifest, tell: Tell) => {
  const { openPreviewer, bytesToOpen } = await loadRuntime(model, tell);
  return openPreviewer(model, progressOf(bytesToOpen(model), tell));
});

const loadDecoder = once(async (model: Manifest, tell: Tell) => {
  const { openDecoder, bytesToOpen } = await loadRuntime(model, tell);
  return openDecoder(model, progressOf(bytesToOpen(model), tell));
});

/** Loads once; a load that failed may be tried again. */
function once<Needs extends unknown[], Loaded>(load: (...needs: Needs) => Promise<Loaded>) {
  let loaded: Promise<Loaded> | undefined;
  return (...needs: Needs): Promise<Loaded> => {
    loaded ??= load(...needs).catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}

function progressOf(totalBytes: number, tell: Tell): (bytes: number) => void {
  return (bytes) => {
    loadedBytes += bytes;
    tell({ kind: "loading", loadedBytes, totalBytes });
  };
}

function accepted<Value>(result: Result<Value, unknown>): Value {
  if (result.ok) return result.value;
  throw new DecoderError("latent_unreadable");
}

function refusal(error: unknown): DecoderEnd {
  return { kind: "refused", code: error instanceof DecoderError ? error.code : "decoder_failed" };
}
