import { AppError } from "../../shared/errors.ts";
import { loadedBytes } from "../../shared/models/graph-size.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { Execution } from "./execution.ts";
import { type Graph, openGraph } from "./graph.ts";
import type { GraphCache } from "./graph-cache.ts";
import type { NamedTensors } from "./port-check.ts";
import { createStageResidence } from "./stage-residence.ts";

/** A graph of a bundle, by its key in the manifest. */
export type GraphName = keyof Manifest["graphs"];

/** Every graph of a bundle. One that the bundle leaves out rejects every run. */
export type GraphSet = Readonly<Record<GraphName, Graph>>;

/** Where the bundle is, and how its graphs are run. */
export interface GraphSetOptions {
  readonly directory: string;
  readonly execution: Execution;
  /** Where optimised graphs are kept, if anywhere. */
  readonly cache?: GraphCache | undefined;
  /** How many bytes of graphs may be loaded at a time, each when it is needed; absent: all are loaded, at once. */
  readonly residentBytesMax?: number | undefined;
}

/**
 * Loads the graphs of a bundle, one after another, unless they are loaded when needed. Throws `AppError` naming the
 * graph that cannot be loaded.
 */
export async function openGraphs(manifest: Manifest, options: GraphSetOptions): Promise<GraphSet> {
  const { residentBytesMax } = options;
  const residence = residentBytesMax === undefined ? undefined : createStageResidence(residentBytesMax);
  const open = (name: GraphName) => {
    const { files, graphs } = manifest;
    const graph = graphs[name];
    if (graph === undefined) return missingGraph(name);
    const load = () => openGraph({ ...options, name, graph, files });
    if (residence === undefined) return load();
    const lazy = { bytes: loadedBytes(manifest, graph, options.execution.provider !== "cpu"), load };
    return { run: (inputs: NamedTensors) => residence.run(lazy, inputs) };
  };
  return {
    textEncoder: await open("textEncoder"),
    textConditioner: await open("textConditioner"),
    imageEncoder: await open("imageEncoder"),
    imageTextConditioner: await open("imageTextConditioner"),
    stageC: await open("stageC"),
    stageBConditioner: await open("stageBConditioner"),
    stageBText: await open("stageBText"),
    stageB: await open("stageB"),
    stageA: await open("stageA"),
    compressor: await open("compressor"),
    previewer: await open("previewer"),
    mark: await open("mark"),
  };
}

/** Callers that serve requests check the manifest first. */
function missingGraph(name: GraphName): Graph {
  return { run: () => Promise.reject(new AppError(`Graph ${name} is not in this bundle.`)) };
}

/** Something for each graph, made from its name. */
export function mapNames<Value>(make: (name: GraphName) => Value): Readonly<Record<GraphName, Value>> {
  return {
    textEncoder: make("textEncoder"),
    textConditioner: make("textConditioner"),
    imageEncoder: make("imageEncoder"),
    imageTextConditioner: make("imageTextConditioner"),
    stageC: make("stageC"),
    stageBConditioner: make("stageBConditioner"),
    stageBText: make("stageBText"),
    stageB: make("stageB"),
    stageA: make("stageA"),
    compressor: make("compressor"),
    previewer: make("previewer"),
    mark: make("mark"),
  };
}
