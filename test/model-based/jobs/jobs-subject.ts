import fc from "fast-check";
import { actsFor, among, type Subject } from "../support/explore.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { JobsModel, type ModelOutcome } from "./jobs-model.ts";
import { type Plant, RealJobs } from "./real-jobs.ts";

const act = actsFor<JobsModel, RealJobs>();
const choice = fc.nat(23);
const startMs = Date.UTC(2026, 10, 22);
const holdsMax = 6;
const dayMs = 86_400_000;
const outcomes: readonly ModelOutcome[] = [
  "done",
  "done",
  "done",
  "refused",
  "failed",
  "failed",
  "unavailable",
  "busy",
];

const acts: Subject<JobsModel, RealJobs>["acts"] = {
  create: act({
    weight: 4,
    args: fc.record({
      name: fc.nat(7).map((number) => `job ${number}`),
      body: fc.constantFrom("one", "one", "one", "other"),
      items: fc.constantFrom(1, 2, 8),
    }),
    model: (model, { name, ...order }) => model.create(name, order),
    real: (real, { name, ...order }) => real.create(name, order),
  }),
  finish: act({
    weight: 9,
    args: fc.record({ choice, outcome: fc.constantFrom(...outcomes) }),
    choose(model, { choice: number, outcome }) {
      const running = among(model.running, number);
      return running === undefined ? undefined : { running, outcome };
    },
    model: (model, { running, outcome }) => model.finish(running, outcome),
    real: (real, { running, outcome }) => real.finish(running, outcome),
  }),
  cancel: act({
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.cancel(name),
    real: (real, name) => real.cancel(name),
  }),
  remove: act({
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.remove(name),
    real: (real, name) => real.remove(name),
  }),
  killObject: act({
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.kill(name),
    real: (real, name) => real.kill(name),
  }),
  loseCall: act({
    args: fc.record({
      call: fc.constantFrom("hold" as const, "enter", "endHold", "end", "webhook"),
      isHeard: fc.boolean(),
    }),
    model: (model, call) => model.lose(call),
    real: (real, call) => real.lose(call),
  }),
  wait: act({
    weight: 3,
    args: fc.constantFrom(1_000, 1_000, 5_000, 10_000, 30_000, 60_000, dayMs, 7 * dayMs),
    // A job that waits for its turn looks every half minute, which is much in a week.
    choose: (model, milliseconds) => (milliseconds >= dayMs && model.hasQueued ? undefined : milliseconds),
    model: (model, milliseconds) => model.wait(milliseconds),
    real: (real, milliseconds) => real.wait(milliseconds),
  }),
};

/** The jobs of one account. */
export function jobsSubject(plant: Plant = {}): Subject<JobsModel, RealJobs> {
  return {
    name: "jobs",
    acts,
    start: () => ({
      model: new JobsModel(startMs, holdsMax),
      real: new RealJobs(new VirtualClock(startMs), holdsMax, plant),
    }),
    view: {
      model: ({ view, running, holds, list, webhooks }) => ({ view, running, holds, list, webhooks }),
      real: ({ view, running, holds, list, webhooks }) => ({ view, running, holds, list, webhooks }),
    },
    close: (real) => real.close(),
  };
}
