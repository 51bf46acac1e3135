import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { createGraphRunner, type GraphRunner } from "../../gpu-backend/runtime/graph-runner.ts";
import { type GraphSet, openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { patientUrgency } from "./patient-urgency.ts";
import { modelsDirectory } from "./tiny-bundle.ts";

/** The released families, each with a tiny bundle of random weights and with what diffusers makes of these weights. */
export const publishedFamilies = ["v2", "cascade"] as const;

/** One of them. */
export type PublishedFamily = (typeof publishedFamilies)[number];

/** A request, and what diffusers' pipelines made of it. Latents are little-endian float32. */
export interface PublishedCase {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly tokenIds: number[];
  readonly negativeTokenIds: number[];
  readonly seed: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly size: string;
  readonly latentShape: [number, number, number];
  /** As it is stored, before it is rounded. */
  readonly latentBase64: string;
  /** From the latent rounded to float16. */
  readonly stageBLatentBase64: string;
  /** (height, width, 3) bytes. */
  readonly pixelsBase64: string;
}

/** A family's cases, and the bundle that they were made with. */
export interface PublishedGolden {
  readonly revision: string;
  readonly cases: readonly PublishedCase[];
}

/** The folder of a family's tiny bundle. */
export function publishedDirectory(family: PublishedFamily): string {
  return join(modelsDirectory, `tiny-${family}`);
}

/** What diffusers makes: see test/golden/make_published_golden.py. */
export function publishedGolden(family: PublishedFamily): PublishedGolden {
  return JSON.parse(readFileSync(join(import.meta.dirname, `../golden/published-${family}.json`), "utf8"));
}

/** A loaded tiny bundle. */
export interface PublishedModel {
  readonly manifest: Manifest;
  readonly graphs: GraphSet;
  /** The graphs as a task of its own sees them. */
  taskGraphs(): GraphSet;
}

/** Loads a family's tiny bundle. */
export async function openPublished(family: PublishedFamily): Promise<PublishedModel> {
  const directory = publishedDirectory(family);
  const manifest = await readManifest(directory);
  const graphs = await openGraphs(manifest, { directory, execution: { provider: "cpu", intraOpThreads: 1 } });
  const runner = createGraphRunner({ graphs, rowsMax: { stageC: 16, stageB: 8 }, now: () => 0 });
  return { manifest, graphs, taskGraphs: () => graphsOfATask(runner) };
}

let arrival = 0;

function graphsOfATask(runner: GraphRunner): GraphSet {
  arrival += 1;
  const urgency = patientUrgency(arrival);
  return runner.graphsFor({ urgency, signal: new AbortController().signal, onRun: () => undefined });
}

/** The values of a latent in a golden file. */
export function latentValues(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
}
