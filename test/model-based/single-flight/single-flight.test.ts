import { describe, expect, test, vi } from "vitest";
import { ok } from "../../../shared/result.ts";
import type { LatentRunServices } from "../../../workers/single-flight/latent-run.ts";
import { explore, testMsMax } from "../support/explore.ts";
import { override } from "../support/override.ts";
import type { Plant } from "./real-single-flight.ts";
import { singleFlightSubject } from "./single-flight-subject.ts";

vi.setConfig({ testTimeout: testMsMax });

const reach = { stories: 2_500, stepsMax: 60 };
const stepsMin = 45_000;
/** The longest story that a planted fault needs, once it is made short. */
const storyMax = 9;

test("a latent is made once however many ask, and paid by who asked, whatever is lost, doubled, late or killed", async () => {
  const { steps, failure } = await explore(singleFlightSubject(), reach);
  expect(failure?.report).toBeUndefined();
  expect(steps).toBeGreaterThan(stepsMin);
});

/** Single flight on services of which one does something else. */
function on(change: (services: LatentRunServices) => Partial<LatentRunServices>): Plant {
  return { services: (services) => ({ ...services, ...change(services) }) };
}

describe("a planted fault in single flight is found:", () => {
  test.each<[string, Plant]>([
    [
      "each caller has a run of their own",
      on(({ latents }) => ({ latents: override(latents, { find: async () => undefined }) })),
    ],
    [
      "nothing is recorded before it is dispatched",
      on(({ store }) => ({ store: override(store, { read: () => undefined }) })),
    ],
    ["a record outlives its run", on(({ store }) => ({ store: override(store, { clear: async () => undefined }) }))],
    [
      "a payer who takes over is not recorded",
      on(({ store }) => {
        const kept = override(store, {
          write: (record) => store.write({ ...record, request: store.read()?.request ?? record.request }),
        });
        return { store: kept };
      }),
    ],
    [
      "a run that began before counts as the first",
      on(({ store }) => ({
        store: override(store, { write: (record) => store.write({ ...record, attempts: 1 }) }),
      })),
    ],
    [
      "the alarm is not set again while a run is under way",
      on(({ store }) => ({ store: override(store, { setAlarm: () => undefined }) })),
    ],
    ["a latent is not stored", on(({ latents }) => ({ latents: override(latents, { put: async () => undefined }) }))],
    [
      "the backend is not told that everybody left",
      on(({ gpu }) => ({
        gpu: {
          runStageC: (job, conditions) => gpu.runStageC(job, { ...conditions, signal: new AbortController().signal }),
        },
      })),
    ],
    [
      "a failed run is taken for one that made something",
      on(({ gpu }) => ({
        gpu: {
          async runStageC(job, conditions) {
            const outcome = await gpu.runStageC(job, conditions);
            return outcome.ok || outcome.error.code !== "backend_failed"
              ? outcome
              : ok({ latents: [Uint8Array.of(1)], milliseconds: {} });
          },
        },
      })),
    ],
    ["nobody is charged for a run", on(() => ({ accounts: { of: () => ({ recordWork: async () => undefined }) } }))],
    [
      "a ledger that is away spoils the latent",
      {
        services: (services) => ({
          ...services,
          log: () => {
            throw new TypeError("not logged");
          },
        }),
      },
    ],
    ["a leave is not heard", { client: (client) => override(client, { leave: async () => undefined }) }],
    [
      "a leave stops the run for all",
      {
        object: (object) =>
          override(object, {
            leave() {
              for (const waiter of ["waiter 1", "waiter 2", "waiter 3"]) object.leave(waiter);
            },
          }),
      },
    ],
    ["an alarm begins no run again", { object: (object) => override(object, { redrive: async () => undefined }) }],
  ])("%s", async (_, plant) => {
    const { failure } = await explore(singleFlightSubject(plant), reach);
    expect(failure?.story.length).toBeLessThanOrEqual(storyMax);
  });
});
