import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Lane, LaneReply } from "../../../gpu-backend/lane/lane.ts";
import type { LaneTask } from "../../../gpu-backend/lane/lane-messages.ts";
import { createLaneSet, type LaneSet } from "../../../gpu-backend/lane/lane-set.ts";
import { err, ok } from "../../../shared/result.ts";
import { patientUrgency } from "../../support/patient-urgency.ts";

/** Megabytes of each model; "broken" cannot be loaded. */
const sizes: Readonly<Record<string, number>> = { a: 60, b: 60, small: 10, huge: 900, broken: 10 };
const memoryMegabytes = 500;

/** A set whose lanes answer when the test says so, and what became of them. */
function setOf(megabytesMax: number) {
  const events: string[] = [];
  const ends: (() => void)[] = [];
  const start = (revision: string): Lane => {
    events.push(`load ${revision}`);
    return {
      isReady: () => revision !== "broken",
      started: Promise.resolve(revision === "broken" ? err("It is broken.") : ok(undefined)),
      run: (task) =>
        new Promise<LaneReply>((resolve) => {
          ends.push(() =>
            resolve({ kind: "done", id: 0, gpuMs: 1, residentBytes: 1, timeline: [], outcome: { task } }),
          );
        }),
      close: async () => {
        events.push(`close ${revision}`);
      },
    };
  };
  const lanes = createLaneSet({
    modelOf: (revision) => {
      const bytes = (sizes[revision] ?? 0) * 1e6;
      const memoryFault = async (freed: number) =>
        bytes > memoryMegabytes * 1e6 + freed ? "It is too large." : undefined;
      return { bytes, memoryFault, start: () => start(revision) };
    },
    bytesMax: megabytesMax * 1e6,
    log: { info: () => undefined, warn: ({ reason }) => events.push(String(reason)) },
  });
  /** Ends every task that has begun by now, and says how many. */
  const endTasks = () => ends.splice(0).map((end) => end()).length;
  return { lanes, events, endTasks };
}

function run(lanes: LaneSet, revision: string, signal = new AbortController().signal): Promise<LaneReply> {
  const task: LaneTask = { kind: "decode", revision, latent: new Uint8Array(), options: { format: "png" } };
  return lanes.run(task, { urgency: patientUrgency(1), signal, onNews: () => undefined });
}

/** Runs a task of a model to its end. */
async function runToEnd({ lanes, endTasks }: ReturnType<typeof setOf>, revision: string): Promise<LaneReply> {
  const reply = run(lanes, revision);
  while (endTasks() === 0) await nextTurn();
  return reply;
}

describe("the models of a backend", () => {
  test("are loaded when a task wants them, once, and all stay where there is room", async () => {
    const set = setOf(Number.POSITIVE_INFINITY);
    for (const revision of ["a", "b", "a", "b"]) {
      expect(await runToEnd(set, revision)).toMatchObject({ outcome: { task: { revision } } });
    }
    expect(set.events).toEqual(["load a", "load b"]);
    expect(set.lanes.warm()).toEqual(["a", "b"]);
  });

  test("are evicted for want of room, the one used longest ago first, and no more than needed", async () => {
    const set = setOf(130);
    for (const revision of ["a", "b", "a", "small"]) await runToEnd(set, revision);
    expect(set.events).toEqual(["load a", "load b", "load small"]);
    await runToEnd(set, "b");
    expect(set.events.slice(3)).toEqual([]);
    expect(set.lanes.warm()).toEqual(["a", "small", "b"]);
  });

  test("are evicted after their tasks, and those that come meanwhile load them again", async () => {
    const set = setOf(0);
    const first = run(set.lanes, "a");
    while (set.lanes.warm().length === 0) await nextTurn();
    const second = run(set.lanes, "b");
    while (set.lanes.warm().length > 0) await nextTurn();
    const third = run(set.lanes, "a");
    expect(set.events).toEqual(["load a"]);
    for (const reply of [first, second, third]) {
      while (set.endTasks() === 0) await nextTurn();
      expect(await reply).toMatchObject({ kind: "done" });
    }
    expect(set.events).toEqual(["load a", "close a", "load b", "close b", "load a"]);
  });

  test("evict none for one that no eviction makes room for, or that cannot be loaded", async () => {
    const set = setOf(1_000);
    await runToEnd(set, "a");
    expect([await run(set.lanes, "huge"), await run(set.lanes, "broken")]).toEqual([
      { kind: "unready" },
      { kind: "unready" },
    ]);
    expect(set.events).toEqual(["load a", "It is too large.", "load broken", "close broken", "It is broken."]);
    expect([set.lanes.warm(), set.lanes.isReady()]).toEqual([["a"], true]);
  });

  test("are not waited for by a task that nobody wants any more, nor once the server ends", async () => {
    const set = setOf(0);
    void run(set.lanes, "a");
    while (set.lanes.warm().length === 0) await nextTurn();
    const client = new AbortController();
    const waiting = run(set.lanes, "b", client.signal);
    client.abort();
    expect(await waiting).toEqual({ kind: "unready" });
    set.endTasks();
    await set.lanes.close();
    expect(await run(set.lanes, "a")).toEqual({ kind: "unready" });
  });
});
