import type { Float32Tensor } from "../../shared/decoding/host-tensor.ts";
import type { LoadedGraph } from "./graph.ts";
import type { NamedTensors } from "./port-check.ts";

/** A graph that can be loaded when it is needed. */
export interface LazyGraph {
  /** Its size when it is loaded. */
  readonly bytes: number;
  load(): Promise<LoadedGraph>;
}

/** Graphs that share a bound of memory. Runs are one after another. */
export interface StageResidence {
  /** Loads the graph if it is not, after making room for it, and runs it. Rejects as loading and running do. */
  run(graph: LazyGraph, inputs: NamedTensors): Promise<Float32Tensor>;
}

/** At most `bytesMax` of graphs at a time, but always the one that runs; those used longest ago go first. */
export function createStageResidence(bytesMax: number): StageResidence {
  /** In the order of their last use. */
  const resident = new Map<LazyGraph, LoadedGraph>();
  let last: Promise<unknown> = Promise.resolve();

  async function makeRoom(bytes: number): Promise<void> {
    let total = [...resident.keys()].reduce((sum, graph) => sum + graph.bytes, bytes);
    for (const [graph, loaded] of resident) {
      if (total <= bytesMax) return;
      resident.delete(graph);
      await loaded.release();
      total -= graph.bytes;
    }
  }

  async function use(graph: LazyGraph): Promise<LoadedGraph> {
    const known = resident.get(graph);
    if (known === undefined) await makeRoom(graph.bytes);
    const loaded = known ?? (await graph.load());
    resident.delete(graph);
    resident.set(graph, loaded);
    return loaded;
  }

  return {
    run(graph, inputs) {
      const turn = last.then(async () => (await use(graph)).run(inputs));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
