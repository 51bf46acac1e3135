import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { actsFor, among, type Subject } from "../support/explore.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { FleetModel, type ModelAnswer } from "./fleet-model.ts";
import { type Plant, RealFleet } from "./real-fleet.ts";

const act = actsFor<FleetModel, RealFleet>();
const choice = fc.nat(11);
const startMs = 1_000_000;

/** Not in the order in which they are asked. */
const backends = [
  { name: "far", url: "https://far.test", region: "wnam", standby: false },
  { name: "near", url: "https://near.test", region: "weur", standby: false },
  { name: "spare", url: "https://spare.test", region: "weur", standby: true },
] as const;

/** From western Europe; the way to California and back, of some 9,150 km each, takes 0.015 ms a kilometre. */
const modelled = [
  { name: "far", roundTripMs: 137, isStandby: false },
  { name: "near", roundTripMs: 0, isStandby: false },
  { name: "spare", roundTripMs: 0, isStandby: true },
];

/** So many were answered before a story begins that the fleet knows how long one takes. */
const answeredBefore = 20;
const answeredAfterMs = 1_000;
const quietMs = 60_000;

const answers: fc.Arbitrary<ModelAnswer> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("done" as const), backlogMs: fc.constantFrom(0, 5_000) }) },
  fc.record({ kind: fc.constant("busy" as const), retryAfterSeconds: fc.constantFrom(2, 9) }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("lost" as const, "lost" as const, "failed" as const) }) },
  fc.record({ kind: fc.constantFrom("failed everywhere" as const, "rejected" as const) }),
);

const acts: Subject<FleetModel, RealFleet>["acts"] = {
  send: act({
    weight: 4,
    args: fc.boolean(),
    model: (model, isHedged) => model.send(isHedged),
    real: (real, isHedged) => real.send(isHedged),
  }),
  answer: act({
    weight: 6,
    args: fc.record({ choice, answer: answers }),
    choose(model, { choice: number, answer }) {
      const name = among(model.names, number);
      return name === undefined ? undefined : { name, answer };
    },
    model: (model, { name, answer }) => model.answer(name, answer),
    real: (real, { name, answer }) => real.answer(name, answer),
  }),
  leave: act({
    args: choice,
    choose: (model, number) => among(model.wanted, number),
    model: (model, number) => model.leave(number),
    real: (real, number) => real.leave(number),
  }),
  wait: act({
    weight: 2,
    args: fc.constantFrom(500, 1_000, 2_000, 10_000, 30_000),
    model: (model, milliseconds) => model.wait(milliseconds),
    real: ({ clock }, milliseconds) => clock.pass(milliseconds, nextTurn),
  }),
};

async function start(plant: Plant): Promise<{ model: FleetModel; real: RealFleet }> {
  const model = new FleetModel(startMs, modelled);
  const real = new RealFleet(new VirtualClock(startMs), backends, plant);
  const both = [model, real];
  for (let count = 0; count < answeredBefore; count += 1) for (const fleet of both) fleet.send(false);
  await nextTurn();
  const pass = async (milliseconds: number) => {
    model.wait(milliseconds);
    await real.clock.pass(milliseconds, nextTurn);
  };
  await pass(answeredAfterMs);
  for (const name of model.names) for (const fleet of both) fleet.answer(name, { kind: "done", backlogMs: 0 });
  await nextTurn();
  // Nothing of these is left to ring in a story.
  await pass(quietMs);
  return { model, real };
}

/** The choice of backends, over a virtual network. */
export function fleetSubject(plant: Plant = {}): Subject<FleetModel, RealFleet> {
  return {
    name: "fleet",
    acts,
    start: () => start(plant),
    view: {
      model: ({ names, outcomes }) => ({ names, outcomes: outcomes.slice(answeredBefore) }),
      real: ({ network: { names }, outcomes }) => ({ names, outcomes: outcomes.slice(answeredBefore) }),
    },
    settle: nextTurn,
  };
}
