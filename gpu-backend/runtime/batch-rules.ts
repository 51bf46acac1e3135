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
  /**
   * The rule for calls like this one, a row of which takes `rowMs` (undefined: not known yet). It is tried out when it
   * is first asked for. Throws what the graph throws.
   */
  of(name: GraphName, inputs: NamedTensors, rowMs: number | undefined): Promise<BatchRule>;
}

/** Where rules are kept from one start to the next. No failure of the disk reaches the caller. */
export interface RuleStore {
  find(key: string): Promise<BatchRule | undefined>;
  keep(key: string, rule: BatchRule): Promise<void>;
}

/**
 * A row that takes longer fills any device, so that company would save little; and trying out its rule, some 64 rows,
 * would take longer than the requests behind it may wait. Below it, that takes half a minute at most, once a machine.
 */
const rowMsMax = 500;

/** Rules that are found once a graph and shape, and remembered: in `store`, if there is one, beyond this process. */
export function createBatchRules(graphs: GraphSet, rowsMax: RowsMax, store?: RuleStore): BatchRules {
  const known = new Map<string, BatchRule>();
  const keyOf = (name: GraphName, inputs: NamedTensors) => `${name} ${rowKey(inputs)}`;

  async function tried(name: GraphName, inputs: RowInputs, rows: number): Promise<BatchRule> {
    const rule = await probeBatchRule((noise) => graphs[name].run(noise), inputs, rows);
    await store?.keep(`${rows} ${keyOf(name, inputs)}`, rule);
    return rule;
  }

  return {
    keyOf,
    async of(name, inputs, rowMs) {
      const rows = rowsMax[name] ?? 1;
      if (rows < 2 || !areRows(inputs) || rowMs === undefined || rowMs > rowMsMax) return aloneRule;
      const key = keyOf(name, inputs);
      const rule = known.get(key) ?? (await store?.find(`${rows} ${key}`)) ?? (await tried(name, inputs, rows));
      known.set(key, rule);
      return rule;
    },
  };
}

function areRows(inputs: NamedTensors): inputs is RowInputs {
  return Object.values(inputs).every((tensor: HostTensor) => tensor.dtype === "float32");
}
