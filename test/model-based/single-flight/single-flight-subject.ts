import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { actsFor, among, type Subject } from "../support/explore.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { type Plant, RealSingleFlight } from "./real-single-flight.ts";
import { SingleFlightModel, type TaskEnd } from "./single-flight-model.ts";

const act = actsFor<SingleFlightModel, RealSingleFlight>();
const choice = fc.nat(11);
const callersMax = 6;
const redriveMs = 10_000;
const ends: readonly TaskEnd[] = ["made", "made", "failed"];

const acts: Subject<SingleFlightModel, RealSingleFlight>["acts"] = {
  ask: act({
    weight: 3,
    args: fc.constantFrom("first", "second", "third"),
    choose: (model, reservation) => (model.clients.size < callersMax ? reservation : undefined),
    model: (model, reservation) => model.ask(reservation),
    real: (real, reservation) => real.ask(reservation),
  }),
  leave: act({
    weight: 2,
    args: choice,
    choose: (model, number) => among(model.waiters, number),
    model: (model, waiter) => model.leave(waiter),
    real: (real, waiter) => real.leave(waiter),
  }),
  arrive: act({
    weight: 9,
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.arrive(name),
    real: ({ network }, name) => network.arrive(name),
  }),
  lose: act({
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.lose(name),
    real: ({ network }, name) => network.lose(name),
  }),
  double: act({
    args: choice,
    choose: (model, number) => among(model.names, number),
    model: (model, name) => model.double(name),
    real: ({ network }, name) => network.double(name),
  }),
  compute: act({
    weight: 3,
    args: fc.record({ choice, end: fc.constantFrom(...ends) }),
    choose(model, { choice: number, end }) {
      const task = among(model.running, number);
      return task === undefined ? undefined : { task, end };
    },
    model: (model, { task, end }) => model.compute(task, end),
    real: ({ backend }, { task, end }) => backend.end(task, end),
  }),
  killBackend: act({
    args: fc.constant("at once"),
    model: (model) => model.killBackend(),
    real: ({ backend }) => backend.kill(),
  }),
  killObject: act({
    args: fc.constant("at once"),
    model: (model) => model.killObject(),
    real: (real) => real.killObject(),
  }),
  wait: act({
    args: fc.constant(redriveMs),
    model: (model, milliseconds) => model.wait(milliseconds),
    async real(real, milliseconds) {
      await real.clock.pass(milliseconds, nextTurn);
      real.ring();
    },
  }),
};

/** Single flight between callers, objects, a backend and a ledger, all over a virtual network. */
export function singleFlightSubject(plant: Plant = {}): Subject<SingleFlightModel, RealSingleFlight> {
  return {
    name: "single-flight",
    acts,
    start: () => ({ model: new SingleFlightModel(), real: new RealSingleFlight(new VirtualClock(0), plant) }),
    view: {
      model: ({ names, record, alarmMs, noted, outcomes, isStored }) => ({
        names,
        alarmMs,
        outcomes,
        isStored,
        record: record && { reservation: record.reservation, attempts: record.attempts },
        noted: [...noted].toSorted(),
      }),
      real: ({ network: { names }, record, alarmMs, noted, outcomes, isStored }) => ({
        names,
        alarmMs,
        outcomes,
        isStored,
        record: record && { reservation: record.request.reservationId, attempts: record.attempts },
        noted: [...noted].toSorted(),
      }),
    },
    settle: nextTurn,
  };
}
