import type { Manifest } from "../../shared/models/manifest.ts";
import type { Execution } from "./execution.ts";
import { type Graph, openGraph } from "./graph.ts";

const graphNames = ["textEncoder", "textConditioner", "stageC", "stageBConditioner", "stageB", "stageA"] as const;

/** Every graph that pictures are made with, by its key in the manifest. */
export type GraphSet = Readonly<Record<(typeof graphNames)[number], Graph>>;

/** Where the bundle is, and how its graphs are run. */
export interface GraphSetOptions {
  readonly directory: string;
  readonly execution: Execution;
}

/** Loads all graphs of a bundle, one after another. Throws `AppError` naming the graph that cannot be loaded. */
export async function openGraphs(manifest: Manifest, options: GraphSetOptions): Promise<GraphSet> {
  const open = (name: (typeof graphNames)[number]) => openGraph({ ...options, name, graph: manifest.graphs[name] });
  return {
    textEncoder: await open("textEncoder"),
    textConditioner: await open("textConditioner"),
    stageC: await open("stageC"),
    stageBConditioner: await open("stageBConditioner"),
    stageB: await open("stageB"),
    stageA: await open("stageA"),
  };
}
