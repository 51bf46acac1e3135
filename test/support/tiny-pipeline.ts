import { createPipeline, type Pipeline } from "../../gpu-backend/pipeline/pipeline.ts";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { createGraphRunner, type GraphRun } from "../../gpu-backend/runtime/graph-runner.ts";
import { type GraphSet, openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { patientUrgency } from "./patient-urgency.ts";
import { tinyDirectory } from "./tiny-bundle.ts";

/** The tiny bundle's graphs in this process, and the pipeline over them. */
export interface TinyPipeline {
  readonly manifest: Manifest;
  readonly graphs: GraphSet;
  readonly pipeline: Pipeline;
  /** The graphs as a task of its own sees them. */
  taskGraphs(): GraphSet;
  /** Every run so far. */
  readonly runs: readonly GraphRun[];
}

/** Loads a bundle, the tiny one unless told otherwise. Once a test file. */
export async function openTinyPipeline(directory = tinyDirectory): Promise<TinyPipeline> {
  const manifest = await readManifest(directory);
  const execution = { provider: "cpu", intraOpThreads: 1 } as const;
  const graphs = await openGraphs(manifest, { directory, execution });
  const runs: GraphRun[] = [];
  const runner = createGraphRunner({
    graphs,
    rowsMax: { stageC: 16, stageB: 8 },
    // By a clock that stands still no run takes any time, so time limits no batch.
    now: () => 0,
    onBatch: (run) => runs.push(run),
  });
  let arrival = 0;
  return {
    manifest,
    graphs,
    runs,
    pipeline: createPipeline({
      manifest,
      conditionCacheBytesMax: 1e6,
      latentEncoding: "float16",
      latentTextKeys: ["ab".repeat(32)],
    }),
    taskGraphs() {
      arrival += 1;
      const urgency = patientUrgency(arrival);
      return runner.graphsFor({ urgency, signal: new AbortController().signal, onRun: () => undefined });
    },
  };
}
