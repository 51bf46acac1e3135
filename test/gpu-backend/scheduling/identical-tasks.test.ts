import { describe, expect, test } from "vitest";
import { createIdenticalTasks } from "../../../gpu-backend/scheduling/identical-tasks.ts";
import { err, ok, type Result } from "../../../shared/result.ts";

/** A caller that stays. */
const patient = { signal: new AbortController().signal };

/** Tasks, and a run that counts itself and gives its number, or whatever `outcome` says. */
function setUp(keptMax: number) {
  const world = { runs: 0, outcome: (run: number): Result<number, string> => ok(run) };
  const run = async () => {
    world.runs += 1;
    return world.outcome(world.runs);
  };
  return { world, run, tasks: createIdenticalTasks<number, string, string>({ keptMax, left: "left" }) };
}

describe("identical tasks", () => {
  test("at once are run once, for the first, and give all of them its outcome", async () => {
    const { world, run, tasks } = setUp(0);
    const outcomes = await Promise.all([
      tasks.run("a", patient, run),
      tasks.run("a", patient, run),
      tasks.run("a", patient, run),
    ]);
    expect(world.runs).toBe(1);
    expect(outcomes).toEqual([false, true, true].map((isShared) => ok({ value: 1, isShared })));
  });

  test("that differ are each run", async () => {
    const { world, run, tasks } = setUp(4);
    await Promise.all([tasks.run("a", patient, run), tasks.run("b", patient, run)]);
    expect(world.runs).toBe(2);
  });

  test("one after another are run once while the outcome is kept, the oldest of which goes first", async () => {
    const { world, run, tasks } = setUp(2);
    for (const key of ["a", "b", "a", "b"]) await tasks.run(key, patient, run);
    expect(world.runs).toBe(2);
    await tasks.run("c", patient, run);
    await tasks.run("b", patient, run);
    expect(world.runs).toBe(3);
    await tasks.run("a", patient, run);
    expect(world.runs).toBe(4);
  });

  test("that fail or throw tell all who wait, and are run anew for the next", async () => {
    const { world, run, tasks } = setUp(2);
    world.outcome = () => err("failed");
    expect(await Promise.all([tasks.run("a", patient, run), tasks.run("a", patient, run)])).toEqual([
      err("failed"),
      err("failed"),
    ]);
    world.outcome = () => {
      throw new RangeError("broken");
    };
    await expect(tasks.run("a", patient, run)).rejects.toThrow("broken");
    world.outcome = (number) => ok(number);
    expect(await tasks.run("a", patient, run)).toEqual(ok({ value: 3, isShared: false }));
  });

  /** A run that ends when it is stopped, and says so. */
  const untilStopped = (signal: AbortSignal) =>
    new Promise<Result<number, string>>((resolve) => {
      signal.addEventListener("abort", () => resolve(err("stopped")));
    });

  test("go on while anybody waits: who leaves others behind hears so at once, the last one stops the run", async () => {
    const { tasks } = setUp(2);
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [first, second].map(({ signal }) => tasks.run("a", { signal }, untilStopped));
    first.abort();
    expect(await answers[0]).toEqual(err("left"));
    second.abort();
    expect(await answers[1]).toEqual(err("stopped"));
  });

  test("that are being stopped are not joined by anybody", async () => {
    const { world, run, tasks } = setUp(2);
    const caller = new AbortController();
    const stopped = tasks.run("a", caller, untilStopped);
    caller.abort();
    expect(await tasks.run("a", patient, run)).toEqual(ok({ value: 1, isShared: false }));
    expect([world.runs, await stopped]).toEqual([1, err("stopped")]);
  });

  test("tell everybody who waits how the one run goes, from when they join it until they leave", async () => {
    const { tasks } = setUp(0);
    const [early, late]: [string[], string[]] = [[], []];
    const leaver = new AbortController();
    let tell: (news: string) => void = () => {};
    let finish: (outcome: Result<number, string>) => void = () => {};
    const run = (_: AbortSignal, say: (news: string) => void) => {
      tell = say;
      return new Promise<Result<number, string>>((resolve) => {
        finish = resolve;
      });
    };
    const first = tasks.run("a", { signal: leaver.signal, onNews: (news) => early.push(news) }, run);
    tell("one");
    const second = tasks.run("a", { ...patient, onNews: (news) => late.push(news) }, run);
    tell("two");
    leaver.abort();
    tell("three");
    finish(ok(7));
    expect([await first, await second]).toEqual([err("left"), ok({ value: 7, isShared: true })]);
    expect([early, late]).toEqual([
      ["one", "two"],
      ["two", "three"],
    ]);
  });
});
