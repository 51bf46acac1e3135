import type { HostTensor } from "../../shared/decoding/host-tensor.ts";
import { AppError } from "../../shared/errors.ts";
import { aloneRule, type BatchRule, probeBatchRule, type RunRows } from "./batch-rule.ts";
import type { GraphName, GraphSet } from "./graph-set.ts";
import type { IdleWork } from "./idle-work.ts";
import type { NamedTensors } from "./port-check.ts";
import { type RowInputs, rowKey, rowsOf } from "./row-batch.ts";

/** How many rows of a sampler's graph to run together at most. The others run once a task, and each call alone. */
export type RowsMax = Readonly<Partial<Record<GraphName, number>>>;

/** The rules of a set of graphs. */
export interface BatchRules {
  /** What calls must share to run as one. */
  keyOf(name: GraphName, inputs: NamedTensors): string;
  /**
   * The rule for calls like this one, a row of which takes `rowMs` (undefined: not known yet). Where trying it out
   * takes no longer than a moment it is tried out when it is first asked for, else while nothing else is to run: until
   * then such calls run alone. Throws what the graph throws.
   */
  of(name: GraphName, inputs: NamedTensors, rowMs: number | undefined): Promise<BatchRule>;
}

/** Where rules are kept from one start to the next. No failure of the disk reaches the caller. */
export interface RuleStore {
  find(key: string): Promise<BatchRule | undefined>;
  keep(key: string, rule: BatchRule): Promise<void>;
}

/** What rules are found with. */
export interface BatchRulesOptions {
  readonly graphs: GraphSet;
  readonly rowsMax: RowsMax;
  /** Does work when no call waits. */
  readonly whenIdle: IdleWork["add"];
  readonly store?: RuleStore | undefined;
}

/** A row that takes longer fills any device, so that company would save little. */
const rowMsMax = 500;

/** What the calls that wait may be kept from their turn for a rule, by which they then run faster. */
const trialMsMax = 1_000;

/** Rows that a trial runs, for each row that may run together. */
const trialRows = 4;

/** Rules that are found once a graph and shape, and remembered: in `store`, if there is one, beyond this process. */
export function createBatchRules({ graphs, rowsMax, whenIdle, store }: BatchRulesOptions): BatchRules {
  const known = new Map<string, BatchRule>();
  /** Rows that ran alone while their rule waits for an idle moment. */
  const alone = new Map<string, number>();
  const keyOf = (name: GraphName, inputs: NamedTensors) => `${name} ${rowKey(inputs)}`;

  async function tried(name: GraphName, inputs: RowInputs, run: RunRows = graphs[name].run): Promise<BatchRule> {
    const [key, rows] = [keyOf(name, inputs), rowsMax[name] ?? 1];
    const rule = await probeBatchRule(run, inputs, rows);
    known.set(key, rule);
    await store?.keep(`${rows} ${key}`, rule);
    return rule;
  }

  async function triedWhenIdle(name: GraphName, inputs: RowInputs): Promise<void> {
    const key = keyOf(name, inputs);
    const isKnown = new AppError("The rule was found meanwhile.");
    await tried(name, inputs, (noise) =>
      whenIdle(async () => {
        if (known.has(key)) throw isKnown;
        return graphs[name].run(noise);
      }),
    ).catch(() => undefined);
  }

  /**
   * As for skis that one may rent or buy: a device that is never idle has the rule tried out at last, when the calls
   * that ran alone come to as much.
   */
  async function later(name: GraphName, inputs: RowInputs, costRows: number): Promise<BatchRule> {
    const key = keyOf(name, inputs);
    const before = alone.get(key);
    const rows = (before ?? 0) + rowsOf(inputs);
    alone.set(key, rows >= costRows ? 0 : rows);
    if (rows >= costRows) return tried(name, inputs);
    if (before === undefined) void triedWhenIdle(name, inputs);
    return aloneRule;
  }

  return {
    keyOf,
    async of(name, inputs, rowMs) {
      const rows = rowsMax[name] ?? 1;
      if (rows < 2 || !areRows(inputs) || rowMs === undefined || rowMs > rowMsMax) return aloneRule;
      const key = keyOf(name, inputs);
      const found = known.get(key) ?? (await store?.find(`${rows} ${key}`));
      if (found !== undefined) {
        known.set(key, found);
        return found;
      }
      const costRows = trialRows * rows;
      return costRows * rowMs <= trialMsMax ? tried(name, inputs) : later(name, inputs, costRows);
    },
  };
}

function areRows(inputs: NamedTensors): inputs is RowInputs {
  return Object.values(inputs).every((tensor: HostTensor) => tensor.dtype === "float32");
}
