import { expect, test } from "vitest";
import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type Run, SharedRun, type Waiter } from "../../../workers/single-flight/shared-run.ts";

const cancelled = err({ code: "job_cancelled" });

/** Runs that end when the test says so, or with `job_cancelled` when they are stopped. */
function setUp() {
  const passed: string[] = [];
  const runs: { run: Run<Waiter>; finish: (outcome: Result<string, Failure>) => void }[] = [];
  const shared = new SharedRun<Waiter, string>({
    begin: (_, run) =>
      new Promise((finish) => {
        run.signal.addEventListener("abort", () => finish(err({ code: "job_cancelled" })));
        runs.push({ run, finish });
      }),
    payerChanged: ({ reservationId }) => passed.push(reservationId),
  });
  return { shared, runs, passed };
}

const waiter = (name: string, reservationId = name): Waiter => ({ waiterId: name, reservationId });

test("the first to leave hears so at once, and the others get the outcome", async () => {
  const { shared, runs } = setUp();
  const [first, second] = [shared.join(waiter("first")), shared.join(waiter("second"))];
  shared.leave("first");
  expect(await first).toEqual(cancelled);
  expect(runs[0]?.run.signal.aborted).toBe(false);
  runs[0]?.finish(ok("done"));
  expect(await second).toEqual(ok("done"));
});

test("the last to leave stops the run", async () => {
  const { shared, runs } = setUp();
  const waiting = ["first", "second"].map((name) => shared.join(waiter(name)));
  shared.leave("second");
  shared.leave("first");
  expect(await Promise.all(waiting)).toEqual([cancelled, cancelled]);
  expect(runs).toHaveLength(1);
  expect(shared.isUnderWay()).toBe(false);
});

test("who comes while a run is being stopped gets a new one", async () => {
  const { shared, runs } = setUp();
  const first = shared.join(waiter("first"));
  shared.leave("first");
  const second = shared.join(waiter("second"));
  await first;
  await Promise.resolve();
  runs[1]?.finish(ok("anew"));
  expect(await second).toEqual(ok("anew"));
});

test("who leaves while a run is being stopped gets no new one, and none is begun for them", async () => {
  const { shared, runs } = setUp();
  const first = shared.join(waiter("first"));
  shared.leave("first");
  const second = shared.join(waiter("second"));
  shared.leave("second");
  expect(await Promise.all([first, second])).toEqual([cancelled, cancelled]);
  expect(runs).toHaveLength(1);
});

test("a call that came twice is over for both when its caller leaves", async () => {
  const { shared } = setUp();
  const twice = [shared.join(waiter("first")), shared.join(waiter("first"))];
  void shared.join(waiter("second"));
  shared.leave("first");
  expect(await Promise.all(twice)).toEqual([cancelled, cancelled]);
});

test("the next who waits pays when the payer leaves, and nobody else while a repeat of the payer's request waits", async () => {
  const { shared, runs, passed } = setUp();
  for (const name of ["first", "second"]) void shared.join(waiter(name));
  void shared.join(waiter("repeat of first", "first"));
  shared.leave("first");
  expect(runs[0]?.run.payer.reservationId).toBe("first");
  shared.leave("repeat of first");
  expect(runs[0]?.run.payer.reservationId).toBe("second");
  expect(passed).toEqual(["second"]);
});

test("leaving twice, or without having come, changes nothing", async () => {
  const { shared, runs } = setUp();
  const waiting = ["first", "second"].map((name) => shared.join(waiter(name)));
  for (const name of ["nobody", "first", "first"]) shared.leave(name);
  runs[0]?.finish(ok("done"));
  expect(await waiting[1]).toEqual(ok("done"));
});
