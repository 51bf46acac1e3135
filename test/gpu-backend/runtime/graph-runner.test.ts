import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createGraphRunner, type TaskContext } from "../../../gpu-backend/runtime/graph-runner.ts";
import { type GraphName, type GraphSet, mapNames } from "../../../gpu-backend/runtime/graph-set.ts";
import { concatenateRows, splitRows } from "../../../gpu-backend/runtime/row-batch.ts";
import { openRuleStore } from "../../../gpu-backend/runtime/rule-store.ts";
import { float32Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import { patientUrgency } from "../../support/patient-urgency.ts";

/** Graphs that double each number, refuse 13, and write down how many rows each run had. */
function doublingGraphs(runs: string[], rowsOneDiffers = false): GraphSet {
  return mapNames((name: GraphName) => ({
    async run({ x }) {
      if (x?.dtype !== "float32") throw new AppError("No numbers.");
      const rows = x.shape[0] ?? 0;
      runs.push(`${name} ${rows}`);
      if (x.data.includes(13)) throw new AppError("Thirteen.");
      const nudge = rowsOneDiffers && rows === 1 ? 0.5 : 0;
      return float32Tensor(
        x.data.map((value) => 2 * value + nudge),
        x.shape,
      );
    },
  }));
}

const numbers = (...values: number[]) => ({ x: float32Tensor(Float32Array.from(values), [values.length, 1]) });

let arrival = 0;

function contextOf(change: Partial<TaskContext> = {}): TaskContext {
  arrival += 1;
  return { urgency: patientUrgency(arrival), signal: new AbortController().signal, onRun: () => undefined, ...change };
}

/** A runner whose rules are known, so that `runs` holds real work only. */
async function warmRunner(runs: string[], graphs = doublingGraphs(runs), now = () => 0) {
  const runner = createGraphRunner({ graphs, rowsMax: { stageC: 4 }, now });
  const { stageC } = runner.graphsFor(contextOf());
  await stageC.run(numbers(1));
  await Promise.all([stageC.run(numbers(1)), stageC.run(numbers(1))]);
  runs.length = 0;
  return runner;
}

type Inputs = Parameters<GraphSet[GraphName]["run"]>[0];

/** A runner of graphs that take so long a row, by a clock that only they move. */
function slowRunner(runs: string[], rowMs: number, onRun: (inputs: Inputs) => void = () => undefined) {
  let clock = 0;
  const graphs = mapNames((name: GraphName) => ({
    async run(inputs: Inputs) {
      clock += rowMs * (inputs["x"]?.shape[0] ?? 0);
      onRun(inputs);
      return doublingGraphs(runs)[name].run(inputs);
    },
  }));
  return createGraphRunner({ graphs, rowsMax: { stageC: 4 }, now: () => clock });
}

describe("a runner", () => {
  test("runs what waits together as one, and gives everyone their own", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs);
    const answers = await Promise.all(
      [numbers(1), numbers(2, 3), numbers(4)].map((inputs) => runner.graphsFor(contextOf()).stageC.run(inputs)),
    );
    expect(answers.map(({ data, shape }) => [[...data], shape])).toEqual([
      [[2], [1, 1]],
      [
        [4, 6],
        [2, 1],
      ],
      [[8], [1, 1]],
    ]);
    expect(runs).toEqual(["stageC 4"]);
  });

  test("never exceeds the rows that a graph may have, and leaves other graphs alone", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs);
    const graphs = runner.graphsFor(contextOf());
    await Promise.all([1, 2, 3, 4, 5, 6].map((value) => graphs.stageC.run(numbers(value))));
    await Promise.all([1, 2].map((value) => graphs.stageA.run(numbers(value))));
    expect(runs).toEqual(["stageC 4", "stageC 2", "stageA 1", "stageA 1"]);
  });

  test("runs calls alone that would not be the same in company", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs, doublingGraphs(runs, true));
    const graphs = runner.graphsFor(contextOf());
    const answers = await Promise.all([numbers(1), numbers(2), numbers(3, 4), numbers(5, 6)].map(graphs.stageC.run));
    expect(answers.map(({ data }) => [...data])).toEqual([[2.5], [4.5], [6, 8], [10, 12]]);
    expect(runs).toEqual(["stageC 1", "stageC 1", "stageC 4"]);
  });

  test("fails the one call that is at fault, not those beside it", async () => {
    const runner = await warmRunner([]);
    const results = await Promise.allSettled(
      [1, 13, 2].map((value) => runner.graphsFor(contextOf()).stageC.run(numbers(value))),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("goes on after a run that failed", async () => {
    const runner = await warmRunner([]);
    const graphs = runner.graphsFor(contextOf());
    await expect(graphs.stageA.run(numbers(13))).rejects.toThrow("Thirteen.");
    expect([...(await graphs.stageA.run(numbers(7))).data]).toEqual([14]);
  });

  test("begins no run for a task that is stopped, and the others lose nothing", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs);
    const stop = new AbortController();
    const stopped = runner.graphsFor(contextOf({ signal: stop.signal })).stageC.run(numbers(1, 2));
    const kept = runner.graphsFor(contextOf()).stageC.run(numbers(3));
    stop.abort();
    await expect(stopped).rejects.toThrow("aborted");
    expect([...(await kept).data]).toEqual([6]);
    expect(runs).toEqual(["stageC 1"]);
  });

  test("lets the most urgent go first", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs);
    const batch = { ...patientUrgency(1), priority: "batch", deadlineMs: 1 } as const;
    await Promise.all([
      runner.graphsFor(contextOf({ urgency: batch })).stageB.run(numbers(1)),
      runner.graphsFor(contextOf()).stageA.run(numbers(1)),
    ]);
    expect(runs).toEqual(["stageA 1", "stageB 1"]);
  });

  test("lets a task into the batch of an older one at its next step", async () => {
    const runs: string[] = [];
    const runner = await warmRunner(runs);
    const older = runner.graphsFor(contextOf()).stageC;
    const newer = runner.graphsFor(contextOf());
    const olderTask = older.run(numbers(1)).then(() => older.run(numbers(2)));
    const newerTask = newer.textEncoder.run(numbers(3)).then(() => newer.stageC.run(numbers(4)));
    await Promise.all([olderTask, newerTask]);
    expect(runs).toEqual(["textEncoder 1", "stageC 2", "stageC 1"]);
  });

  test.each([
    [
      "its own tenant, while no other waits, by which its run would take more than four times as long",
      Array(5).fill("a"),
      ["stageC 4", "stageC 1"],
    ],
    [
      "its own tenant, while another waits, by which its run would take more than twice as long",
      ["a", "a", "a", "a", "b"],
      ["stageC 2", "stageC 2", "stageC 1"],
    ],
    [
      "another tenant by which it would take more than a quarter longer",
      ["a", "b", "c", "d"],
      Array(4).fill("stageC 1"),
    ],
  ])("gives a leader no company of %s", async (_, tenants, want) => {
    const runs: string[] = [];
    let clock = 0;
    const timed = mapNames((name: GraphName) => ({
      async run(inputs: Parameters<GraphSet[GraphName]["run"]>[0]) {
        clock += 10 * (inputs["x"]?.shape[0] ?? 0);
        return doublingGraphs(runs)[name].run(inputs);
      },
    }));
    const runner = await warmRunner(runs, timed, () => clock);
    const contexts = tenants.map((tenant, index) => {
      const context = contextOf();
      return { value: index + 1, context: { ...context, urgency: { ...context.urgency, tenant } } };
    });
    await Promise.all(contexts.map(({ value, context }) => runner.graphsFor(context).stageC.run(numbers(value))));
    expect(runs).toEqual(want);
  });

  test("charges each task its share of a run by rows", async () => {
    let clock = 0;
    const runner = await warmRunner([], undefined, () => (clock += 6));
    const charged: number[] = [];
    const charge = (inputs: ReturnType<typeof numbers>, index: number) =>
      runner.graphsFor(contextOf({ onRun: (_, ms) => (charged[index] = ms) })).stageC.run(inputs);
    await Promise.all([numbers(1, 2), numbers(3)].map(charge));
    expect(charged).toEqual([4, 2]);
  });
});

describe("which rows may run together", () => {
  test("is not tried out for a call without company, nor before a row's time is known", async () => {
    const runs: string[] = [];
    const runner = createGraphRunner({ graphs: doublingGraphs(runs), rowsMax: { stageC: 4 }, now: () => 0 });
    const { stageC } = runner.graphsFor(contextOf());
    await stageC.run(numbers(1));
    await stageC.run(numbers(2));
    expect(runs).toEqual(["stageC 1", "stageC 1"]);
    await Promise.all([stageC.run(numbers(1, 2, 3)), stageC.run(numbers(4))]);
    expect(runs.slice(2)).toEqual(["stageC 4", "stageC 1", "stageC 2", "stageC 3", "stageC 4"]);
  });

  test("is tried out while nothing else is to run, where it takes longer than a moment; a call goes before", async () => {
    const runs: string[] = [];
    let meanwhile: Promise<unknown> | undefined;
    const { stageC } = slowRunner(runs, 100, () => {
      if (runs.length === 4) meanwhile = stageC.run(numbers(7, 7, 7, 7));
    }).graphsFor(contextOf());
    await stageC.run(numbers(1));
    await Promise.all([stageC.run(numbers(1)), stageC.run(numbers(2))]);
    while (runs.length < 8) await nextTurn();
    await meanwhile;
    const [calls, trial] = [runs.slice(0, 3), runs.slice(3)];
    expect(calls).toEqual(Array(3).fill("stageC 1"));
    expect(trial).toEqual(["stageC 4", "stageC 1", "stageC 4", "stageC 2", "stageC 3"]);
    await Promise.all([stageC.run(numbers(1, 2)), stageC.run(numbers(3, 4))]);
    expect(runs.slice(8)).toEqual(["stageC 4"]);
  });

  test("is tried out at last on a device that is never idle, once", async () => {
    const runs: string[] = [];
    const { stageC } = slowRunner(runs, 100).graphsFor(contextOf());
    const task = async () => {
      for (let step = 0; step < 20; step += 1) await stageC.run(numbers(1));
    };
    await Promise.all([task(), task()]);
    expect(runs.slice(-10)).toEqual(Array(10).fill("stageC 2"));
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(runs.filter((run) => run === "stageC 4")).toHaveLength(1);
  });

  test("stays alone where the graph fails on noise", async () => {
    const runs: string[] = [];
    const { stageC } = slowRunner(runs, 100, ({ x }) => {
      if (x?.data.some((value) => value !== 1)) throw new AppError("Noise.");
    }).graphsFor(contextOf());
    for (let round = 0; round < 12; round += 1) {
      await Promise.all([stageC.run(numbers(1)), stageC.run(numbers(1))]);
    }
    expect(runs).toEqual(Array(24).fill("stageC 1"));
  });

  test("is never tried out where a row takes more than half a second", async () => {
    const runs: string[] = [];
    const { stageC } = slowRunner(runs, 501).graphsFor(contextOf());
    for (let round = 0; round < 2; round++) await Promise.all([1, 2, 3].map((value) => stageC.run(numbers(value))));
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(runs).toEqual(Array(6).fill("stageC 1"));
  });

  test.each([
    ["rows of any number", false],
    ["rows that differ alone", true],
  ])("is remembered on disk for the next start: %s", async (_, rowsOneDiffers) => {
    const directory = await mkdtemp(join(tmpdir(), "rules-"));
    const runsOf = async (context: string) => {
      const runs: string[] = [];
      const ruleStore = openRuleStore(join(directory, "rules"), context);
      const graphs = doublingGraphs(runs, rowsOneDiffers);
      const runner = createGraphRunner({ graphs, rowsMax: { stageC: 4 }, now: () => 0, ruleStore });
      const { stageC } = runner.graphsFor(contextOf());
      await stageC.run(numbers(1));
      await Promise.all([stageC.run(numbers(1, 2)), stageC.run(numbers(3, 4))]);
      return runs;
    };
    expect((await runsOf("this machine")).length).toBeGreaterThan(2);
    expect(await runsOf("this machine")).toEqual(["stageC 1", "stageC 4"]);
    expect((await runsOf("another")).length).toBeGreaterThan(2);
    for (const file of await readdir(join(directory, "rules"))) {
      await writeFile(join(directory, "rules", file), "half of i");
    }
    expect((await runsOf("this machine")).length).toBeGreaterThan(2);
    await rm(directory, { recursive: true });
  });
});

test("what is joined comes apart again", () => {
  const parts = [numbers(1, 2).x, numbers(3).x];
  expect(splitRows(concatenateRows(parts), [2, 1])).toEqual(parts);
});
