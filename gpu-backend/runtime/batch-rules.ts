import type { HostTensor } from "../../shared/decoding/host-tensor.ts";
import { aloneRule, type BatchRule, probeBatchRule } from "./batch-rule.ts";
import type { GraphName, GraphSet } from "./graph-set.ts";
import type { NamedTensors } from "./port-check.ts";
import { type RowInputs, rowKey } from "./row-batch.ts";

/** How many rows of a sampler's graph to run together at most. The others run once a task, and each call alone. */
export type RowsMax = Readonly<Partial<Record<GraphName, number>>>;

/** The rules of a set of graphs. */
export interface BatchRules {
  /** What calls must share to run as one. */
  keyOf(name: GraphName, inputs: NamedTensors): string;
  /** The rule for calls like this one, tried out when the first of its shape comes. Throws what the graph throws. */
  of(name: GraphName, inputs: NamedTensors): Promise<BatchRule>;
}

/** Rules that are found once a graph and shape, and remembered. */
export function createBatchRules(graphs: GraphSet, rowsMax: RowsMax): BatchRules {
  const known = new Map<string, BatchRule>();
  const keyOf = (name: GraphName, inputs: NamedTensors) => `${name} ${rowKey(inputs)}`;

  return {
    keyOf,
    async of(name, inputs) {
      const rows = rowsMax[name] ?? 1;
      if (rows < 2 || !areRows(inputs)) return aloneRule;
      const key = keyOf(name, inputs);
      const rule = known.get(key) ?? (await probeBatchRule((noise) => graphs[name].run(noise), inputs, rows));
      known.set(key, rule);
      return rule;
    },
  };
}

function areRows(inputs: NamedTensors): inputs is RowInputs {
  return Object.values(inputs).every((tensor: HostTensor) => tensor.dtype === "float32");
}
