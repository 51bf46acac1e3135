// The process that computes: loads a bundle's graphs and does the tasks of the server that started it.

import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { setPriority } from "node:os";
import { join } from "node:path";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Pixels } from "../../shared/decoding/pixels.ts";
import { previewLatent } from "../../shared/decoding/preview-latent.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { createClaimSigner, type SignerFiles } from "../image/c2pa-signature.ts";
import { type ContentCredentials, openContentCredentials } from "../image/content-credentials.ts";
import { encodeImage } from "../image/encode-image.ts";
import { createPipeline } from "../pipeline/pipeline.ts";
import { readMark } from "../pipeline/read-mark.ts";
import { type StepWatch, watchTask } from "../pipeline/task-watch.ts";
import type { RuleStore } from "../runtime/batch-rules.ts";
import { readManifest } from "../runtime/bundle.ts";
import type { Execution } from "../runtime/execution.ts";
import { type GraphCacheOptions, openGraphCache } from "../runtime/graph-cache.ts";
import { createGraphRunner, type TaskContext } from "../runtime/graph-runner.ts";
import { type GraphName, type GraphSet, openGraphs } from "../runtime/graph-set.ts";
import { openRuleStore } from "../runtime/rule-store.ts";
import { cpuContext } from "../runtime/session.ts";
import type { LaneTask } from "./lane-messages.ts";
import { serveLane, type WorkContext } from "./serve-lane.ts";

const now = () => performance.now();

/** Of which part of a task a graph is; named as in `server-timing`. */
const partOf: Readonly<Record<GraphName, string>> = {
  textEncoder: "text-encoder",
  textConditioner: "text-encoder",
  imageEncoder: "image-encoder",
  imageTextConditioner: "text-encoder",
  stageC: "stage-c",
  stageBConditioner: "stage-b",
  stageBText: "stage-b",
  stageB: "stage-b",
  stageA: "stage-a",
  compressor: "compressor",
  previewer: "preview",
  mark: "mark",
};

serveLane(async ({ directory, execution, nice, graphCache, residentBytesMax, picturesMax, ...settings }, onRan) => {
  const { originMarkKey, c2paSigner } = settings;
  const encode: Encode = (pixels, options) => encodeImage(pixels, options, originMarkKey);
  // Before any thread that computes: threads inherit it.
  setPriority(nice);
  // The server has checked every file's digest before it started the first lane.
  const manifest = await readManifest(directory);
  const credentials = c2paSigner && (await credentialsOf(c2paSigner, manifest));
  const cache = graphCache && openGraphCache(graphCache, Date.now);
  const graphs = await openGraphs(manifest, { directory, execution, cache, residentBytesMax });
  // Only the processor's: another card may round in another way.
  const ruleStore =
    execution.provider === "cpu" ? graphCache && ruleStoreOf(graphCache, execution, manifest) : undefined;
  // Measured on CPUs: more rows make a row of these two cheaper (Stage C by a third), and of every other graph dearer.
  const rowsMax = { stageC: 2 * picturesMax, stageB: picturesMax };
  const runner = createGraphRunner({ graphs, rowsMax, now, onBatch: onRan, ruleStore });
  const pipeline = createPipeline({ manifest, ...settings });

  return async (task, { urgency, signal, onSpent, onPart, tell }) => {
    const spentMs = new Map<GraphName, number>();
    const onRun: TaskContext["onRun"] = (name, milliseconds, { startMs, endMs }) => {
      onPart(partOf[name], startMs, endMs);
      spentMs.set(name, (spentMs.get(name) ?? 0) + milliseconds);
      onSpent(milliseconds);
    };
    const spentOn = (...names: readonly GraphName[]) => names.reduce((sum, name) => sum + (spentMs.get(name) ?? 0), 0);
    const taskGraphs = runner.graphsFor({ urgency, signal, onRun });

    if (task.kind === "stage-c") {
      const files = await pipeline.makeLatents(
        task.request,
        taskGraphs,
        watchOf(task, { manifest, graphs: taskGraphs, encode, tell }),
      );
      const textEncoder = spentOn("textEncoder", "textConditioner", "imageTextConditioner");
      return { files, milliseconds: { textEncoder, stageC: spentOn("stageC") } };
    }
    if (task.kind === "encode") {
      const { pixels, latentShape } = task;
      const file = await (latentShape === undefined
        ? pipeline.encodeImagePrompt(pixels, taskGraphs)
        : pipeline.encode(pixels, latentShape, taskGraphs));
      return { file, milliseconds: { compressor: spentOn("compressor", "imageEncoder") } };
    }
    if (task.kind === "mark") return { matches: await readMark(manifest, taskGraphs.mark, task.readings) };
    // Stage A is the last step.
    const pixels = await pipeline.paint(task.latent, taskGraphs, ({ step, steps }) =>
      tell({ kind: "progress", step, steps: steps + 1 }),
    );
    const stages = { stageB: spentOn("stageBConditioner", "stageBText", "stageB"), stageA: spentOn("stageA") };
    const start = now();
    const marked = await encode(pixels, task.options);
    const bytes = credentials === undefined ? marked : await credentials.addTo(marked, task.options.format);
    onPart("encode", start, now());
    return { bytes, milliseconds: { ...stages, encode: now() - start } };
  };
});

/** Beside the optimised graphs, whose cache counts and evicts the folder as one more. */
function ruleStoreOf({ directory }: GraphCacheOptions, { intraOpThreads }: Execution, { files }: Manifest): RuleStore {
  return openRuleStore(join(directory, "batch-rules"), [files, ...cpuContext(intraOpThreads)]);
}

async function credentialsOf(files: SignerFiles, { id, revision }: Manifest): Promise<ContentCredentials> {
  const { version } = JSON.parse(await readFile(findPackageJSON(import.meta.url) ?? "", "utf8"));
  return openContentCredentials(createClaimSigner(files, new Date()), { model: id, revision, version });
}

type Encode = (pixels: Pixels, options: DecodeOptions) => Promise<Uint8Array>;

interface Previewing extends Pick<WorkContext, "tell"> {
  readonly manifest: Manifest;
  readonly graphs: GraphSet;
  readonly encode: Encode;
}

/** Every task reports its steps; previews are made on request, if the bundle has a previewer. */
function watchOf(
  { request, previews: { everySteps, format } }: Extract<LaneTask, { kind: "stage-c" }>,
  { manifest, graphs, encode, tell }: Previewing,
): StepWatch {
  const { seeds, latentShape: shape } = request;
  return watchTask({
    samples: seeds.length,
    previewEverySteps: everySteps,
    paint: async (values) => encode(await previewLatent(manifest, graphs.previewer, { values, shape }), { format }),
    news: {
      progress: (step, steps) => tell({ kind: "progress", step, steps }),
      preview: (preview) => tell({ kind: "preview", format, ...preview }),
    },
  });
}
