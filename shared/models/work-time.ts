import type { LatentShape } from "../latents/latent-key.ts";
import { loadedBytes, weightCount } from "./graph-size.ts";
import { latentShapeFor } from "./latent-shape.ts";
import { type Manifest, type ManifestGraph, textPositions } from "./manifest.ts";

// How long work may take before it counts as lost. A manifest says how much work that is, so edge and backend come to
// the same number without asking each other, also for a model that nobody has run yet.

/**
 * Floating-point operations a millisecond of the slowest machine that is waited for: a seventh of what one thread of
 * a small server does. So a task beside seven others on two cores is waited for too.
 */
const slowestPerMs = 1e7;

/** Of a disk that is waited for. */
const diskBytesPerMs = 50_000;

/** No task is waited for longer, however large its model: by then its client has gone. Milliseconds. */
export const taskMsBound = 6 * 3_600_000;

/** Ten pictures at the most steps of a small model on a CPU, behind as long a queue. */
export const stageCMsMin = 300_000;

/** One decode of a small model on a CPU, behind nine others of the same request. */
const decodeMsMin = 120_000;

/** A single run of a small model takes milliseconds; the machine may be busy with something else. */
const runMsMin = 60_000;

/**
 * How often Stage B uses a weight for each position of Stage C's latent. Its maps are larger, but most of its weights
 * lie on the smallest: in the released networks it is twice.
 */
const stageBUses = 4;

/** Operations of Stage A, the compressor and the previewer for a pixel, which have few weights and large maps. */
const pixelOperations = 1e6;

/** What Stage C is asked for. */
export interface StageCWork {
  readonly latentShape: LatentShape;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Latents in one task; absent: one. */
  readonly samples?: number;
}

/** A machine that only reads a bundle and lays its weights out anew. Milliseconds. */
export function loadMsMax(manifest: Manifest): number {
  const bytes = graphsOf(manifest).reduce((sum, graph) => sum + loadedBytes(manifest, graph), 0);
  return runMsMin + (2 * bytes) / diskBytesPerMs;
}

/** How long making latents may take, the model's loading and the task's company included. Milliseconds. */
export function stageCMsMax(manifest: Manifest, work: StageCWork): number {
  const rows = (work.samples ?? 1) * (work.guidanceScale > 1 ? 2 : 1);
  const operations = textOperations(manifest) + work.steps * rows * stageCRow(manifest, work.latentShape);
  return bounded(loadMsMax(manifest) + operations / slowestPerMs, stageCMsMin);
}

/** How long decoding a latent of this shape may take; a picture's way into a latent takes less. Milliseconds. */
export function decodeMsMax(manifest: Manifest, latentShape: LatentShape): number {
  const { default: steps } = manifest.sampler.stageB.steps;
  const stageB = stageBTextOperations(manifest) + steps * stageBRun(manifest, latentShape);
  const operations = stageB + pixelsOf(manifest, latentShape) * pixelOperations;
  return bounded(loadMsMax(manifest) + operations / slowestPerMs, decodeMsMin);
}

/** How long a request may take: a start is made, then its latent, then its picture. Milliseconds. */
export function requestMsMax(manifest: Manifest, work: StageCWork): number {
  return stageCMsMax(manifest, work) + 2 * decodeMsMax(manifest, work.latentShape);
}

/**
 * How long one run of a graph may take at the model's largest listed size, during which nothing else can happen: a
 * task that is to stop has stopped by then. Milliseconds.
 */
export function runMsMax(manifest: Manifest): number {
  const operations = manifest.image.sizes.flatMap((size) => {
    const shape = latentShapeFor(manifest, size);
    if (!shape.ok) return [];
    const pixels = pixelsOf(manifest, shape.value) * pixelOperations;
    return [2 * stageCRow(manifest, shape.value), stageBRun(manifest, shape.value), pixels];
  });
  const texts = [textOperations(manifest), stageBTextOperations(manifest)];
  return bounded(Math.max(...texts, ...operations) / slowestPerMs, runMsMin);
}

/** A prompt and its negative. */
function textOperations(manifest: Manifest): number {
  const { textEncoder, textConditioner } = manifest.graphs;
  const weights = weightCount(manifest, textEncoder) + weightCount(manifest, textConditioner);
  return 2 * used(weights, textPositions(manifest));
}

/** The same for a Stage B that reads them, which may need both encoders. */
function stageBTextOperations(manifest: Manifest): number {
  const { stageBText } = manifest.graphs;
  const own = stageBText === undefined ? 0 : 2 * used(weightCount(manifest, stageBText), textPositions(manifest));
  return own === 0 ? 0 : own + textOperations(manifest);
}

function stageCRow(manifest: Manifest, [, height, width]: LatentShape): number {
  return used(weightCount(manifest, manifest.graphs.stageC), height * width);
}

/** Of a step: one row, or two where Stage B is guided. */
function stageBRun(manifest: Manifest, [, height, width]: LatentShape): number {
  const rows = (manifest.stageB.text?.guidanceScale ?? 0) > 1 ? 2 : 1;
  return rows * used(weightCount(manifest, manifest.graphs.stageB), stageBUses * height * width);
}

/** A multiplication and an addition each time. */
function used(weights: number, times: number): number {
  return 2 * weights * times;
}

function pixelsOf({ latent: { downscale } }: Manifest, [, height, width]: LatentShape): number {
  return height * width * downscale ** 2;
}

function graphsOf({ graphs }: Manifest): ManifestGraph[] {
  return Object.values(graphs).flatMap((graph) => graph ?? []);
}

function bounded(milliseconds: number, min: number): number {
  return Math.ceil(Math.min(taskMsBound, Math.max(min, milliseconds)));
}
