import { setImmediate as nextTurn } from "node:timers/promises";
import type { Float32Tensor } from "../../shared/decoding/host-tensor.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import { type BatchRules, createBatchRules, type RowsMax, type RuleStore } from "./batch-rules.ts";
import { companionsOf, nextCall, type QueuedCall } from "./call-queue.ts";
import { type GraphName, type GraphSet, mapNames } from "./graph-set.ts";
import { createIdleWork } from "./idle-work.ts";
import type { NamedTensors } from "./port-check.ts";
import { createRowStacker, rowsOf, splitRows } from "./row-batch.ts";
import { createRunTimes, type RunTimes } from "./run-times.ts";

/** When a run began and ended, by the runner's clock. */
export interface RunSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** One run of a graph, for one or more tasks. */
export interface GraphRun {
  readonly graph: GraphName;
  /** Of the batch: each is a picture or a latent, twice with guidance. */
  readonly rows: number;
  readonly milliseconds: number;
}

/** The task on whose behalf graphs run. */
export interface TaskContext {
  readonly urgency: Urgency;
  /** Once aborted, no further run is begun for the task: what it waits for rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Told the device's milliseconds of every run; of a shared one, the task's share by rows. */
  readonly onRun: (name: GraphName, milliseconds: number, run: RunSpan) => void;
}

/** Runs the graphs of many tasks on one device, one run at a time. */
export interface GraphRunner {
  /** The graphs as one task sees them. Their `run` rejects as `Graph.run` does, and when the task is stopped. */
  graphsFor(context: TaskContext): GraphSet;
}

/** What a runner is made of. `now` counts milliseconds from any moment. */
export interface GraphRunnerOptions {
  readonly graphs: GraphSet;
  readonly rowsMax: RowsMax;
  readonly now: () => number;
  /** Told of every run that worked. */
  readonly onBatch?: ((run: GraphRun) => void) | undefined;
  /** Where it is kept which rows may run together. */
  readonly ruleStore?: RuleStore | undefined;
}

/**
 * How many times as long as alone a leader's run may take for the sake of its own tenant's other tasks: less while
 * another tenant waits for the run to end. On a processor, eight rows together cost a tenth less than two and two.
 */
const ownDelayMax = { alone: 4, watched: 2 };

/** Likewise for other tenants': a neighbour's flood makes each step at most a quarter longer. */
const mixedDelayMax = 1.25;

interface Call extends QueuedCall {
  readonly name: GraphName;
  readonly inputs: NamedTensors;
  readonly context: TaskContext;
  readonly resolve: (output: Float32Tensor) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Between two runs every task has asked for its next step, so steps of tasks that came at different moments run
 * together: a task joins a batch, and leaves it, at any step. None waits for company.
 */
export function createGraphRunner({ graphs, rowsMax, now, onBatch, ruleStore }: GraphRunnerOptions): GraphRunner {
  const idle = createIdleWork(() => void runWhileCallsWait());
  const rules = createBatchRules({ graphs, rowsMax, whenIdle: idle.add, store: ruleStore });
  const times = createRunTimes();
  const runBatch = createBatchRun({ graphs, times, now, onBatch });
  const waiting = new Set<Call>();
  let isRunning = false;

  async function runWhileCallsWait(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    while (waiting.size > 0 || !idle.isEmpty()) {
      // Lets messages arrive, and each task that has just received a result request its next run.
      await nextTurn();
      rejectStopped(waiting);
      if (waiting.size === 0) {
        await idle.doNext();
        continue;
      }
      const batch = await nextBatch([...waiting], { rules, times });
      for (const call of batch) waiting.delete(call);
      await runBatch(batch);
    }
    isRunning = false;
  }

  function enqueue(name: GraphName, inputs: NamedTensors, context: TaskContext): Promise<Float32Tensor> {
    return new Promise((resolve, reject) => {
      const place = { urgency: context.urgency, key: rules.keyOf(name, inputs), rows: rowsOf(inputs) };
      const isOnce = rowsMax[name] === undefined;
      waiting.add({ ...place, isOnce, name, inputs, context, resolve, reject });
      void runWhileCallsWait();
    });
  }

  return {
    graphsFor: (context) => mapNames((name) => ({ run: (inputs) => enqueue(name, inputs, context) })),
  };
}

/** Removed before each run, so that a stopped task costs at most the run in progress. */
function rejectStopped(waiting: Set<Call>): void {
  for (const call of waiting) {
    const { signal } = call.context;
    if (!signal.aborted) continue;
    waiting.delete(call);
    call.reject(signal.reason);
  }
}

interface Learned {
  readonly rules: BatchRules;
  readonly times: RunTimes;
}

/**
 * The next call and those that may share its run. Alone, a call needs no rule, and the first of a shape tells how long
 * a row takes. A call whose graph fails its trial fails alone.
 */
async function nextBatch(waiting: readonly Call[], { rules, times }: Learned): Promise<Call[]> {
  const leader = nextCall(waiting);
  if (leader === undefined) return [];
  if (!waiting.some((call) => call !== leader && call.key === leader.key)) return [leader];
  // What cannot be tried out is run alone, and then fails with the graph's own reason.
  const rule = await rules.of(leader.name, leader.inputs, times.rowMs(leader.key)).catch(() => undefined);
  if (rule === undefined) return [leader];
  const rowsWithin = (slower: number) => times.rowsWithin(leader.key, leader.rows, slower);
  const isAlone = waiting.every(({ urgency }) => urgency.tenant === leader.urgency.tenant);
  const own = rowsWithin(isAlone ? ownDelayMax.alone : ownDelayMax.watched);
  return companionsOf(leader, waiting, rule, { own, mixed: rowsWithin(mixedDelayMax) });
}

interface BatchRunParts extends Omit<GraphRunnerOptions, "rowsMax" | "ruleStore"> {
  readonly times: RunTimes;
}

/** Settles every call that it is given. */
function createBatchRun({ graphs, times, now, onBatch }: BatchRunParts): (batch: readonly Call[]) => Promise<void> {
  const stackers = mapNames(createRowStacker);

  async function runTogether(batch: readonly Call[]): Promise<void> {
    const [leader] = batch;
    if (leader === undefined) return;
    const { name } = leader;
    const inputs = batch.length === 1 ? leader.inputs : stackers[name](batch.map((call) => call.inputs));
    const startMs = now();
    const output = await graphs[name].run(inputs);
    const span = { startMs, endMs: now() };
    const rows = batch.map((call) => call.rows);
    const rowsTogether = rows.reduce((sum, count) => sum + count, 0);
    const milliseconds = span.endMs - startMs;
    const rowMs = milliseconds / rowsTogether;
    times.observe(leader.key, rowsTogether, milliseconds);
    onBatch?.({ graph: name, rows: rowsTogether, milliseconds });
    const outputs = batch.length === 1 ? [output] : splitRows(output, rows);
    for (const [index, call] of batch.entries()) {
      call.context.onRun(name, rowMs * call.rows, span);
      call.resolve(outputs[index] ?? output);
    }
  }

  return async (batch) => {
    try {
      await runTogether(batch);
    } catch (error) {
      // One of them may be at fault, and only that one may fail.
      if (batch.length === 1) batch[0]?.reject(error);
      else for (const call of batch) await runTogether([call]).catch(call.reject);
    }
  };
}
