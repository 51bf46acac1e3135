import { describe, expect, test, vi } from "vitest";
import { err, ok } from "../../../shared/result.ts";
import type { ReachedBackend, SendOptions } from "../../../workers/gpu/gpu-fleet.ts";
import type { GpuAnswer, GpuRefusal, GpuRequest } from "../../../workers/gpu/gpu-transport.ts";
import { explore, testMsMax } from "../support/explore.ts";
import { override } from "../support/override.ts";
import { fleetSubject } from "./fleet-subject.ts";
import type { Plant } from "./real-fleet.ts";

vi.setConfig({ testTimeout: testMsMax });

const reach = { stories: 350, stepsMax: 80 };
const stepsMin = 10_000;
/** The longest story that a planted fault needs, once it is made short. */
const storyMax = 8;

test("a fleet asks whom its model asks, whatever is late, lost, busy or broken", async () => {
  const { steps, failure } = await explore(fleetSubject(), reach);
  expect(failure?.report).toBeUndefined();
  expect(steps).toBeGreaterThan(stepsMin);
});

/** The fleet on backends of which each is told of or reached in another way. */
function reached(change: (one: ReachedBackend) => Partial<ReachedBackend>): Plant {
  return { reached: (all) => all.map((one) => ({ ...one, ...change(one) })) };
}

function requests(change: (request: GpuRequest) => Partial<GpuRequest>): Plant {
  return {
    fleet: (fleet) =>
      override(fleet, { send: (request, options) => fleet.send({ ...request, ...change(request) }, options) }),
  };
}

function options(change: Partial<SendOptions>): Plant {
  return {
    fleet: (fleet) => override(fleet, { send: (request, told) => fleet.send(request, { ...told, ...change }) }),
  };
}

function refusals(change: (refusal: GpuRefusal) => Partial<GpuRefusal>): Plant {
  return reached(({ send }) => ({
    async send(request, signal) {
      const answer = await send(request, signal);
      return answer.ok ? answer : err({ ...answer.error, ...change(answer.error) });
    },
  }));
}

function answers(change: Partial<GpuAnswer>): Plant {
  return reached(({ send }) => ({
    async send(request, signal) {
      const answer = await send(request, signal);
      return answer.ok ? ok({ ...answer.value, ...change }) : answer;
    },
  }));
}

const never = new AbortController().signal;

describe("a planted fault in the fleet is found:", () => {
  test.each<[string, Plant]>([
    [
      "a spare is taken for a backend like the others",
      reached(({ backend }) => ({ backend: { ...backend, standby: false } })),
    ],
    ["the way to a backend does not count", requests(() => ({ origin: undefined }))],
    ["backends are asked in another order", { reached: (all) => all.toReversed() }],
    ["the slower of two is not stopped", reached(({ send }) => ({ send: (request) => send(request, never) }))],
    ["what a backend has before it is not learned", answers({ backlogMs: undefined })],
    [
      "a busy backend is taken for one that is away",
      refusals(({ failure }) =>
        failure.code === "backend_overloaded" ? { failure: { code: "backend_unavailable" }, status: undefined } : {},
      ),
    ],
    ["a fault that every backend repeats is asked of the next", refusals(() => ({ isDeterministic: false }))],
    [
      "a request that is not for a backend counts as its failure",
      refusals(({ status }) => (status === 404 ? { status: 500 } : {})),
    ],
    ["a request has twice its time", requests(({ timeoutMs }) => ({ timeoutMs: 2 * timeoutMs }))],
    ["nobody waits for a second choice", options({ isHedged: false })],
    ["everything is asked twice", options({ isHedged: true })],
    ["what nobody wants is sent on", options({ unwanted: never })],
    [
      "time does not pass",
      { clock: (clock) => ({ nowMs: clock.nowMs, timeout: (milliseconds) => clock.timeout(milliseconds) }) },
    ],
    [
      "no look at a backend ever ends",
      {
        clock: (clock) => ({
          get nowMs() {
            return clock.nowMs;
          },
          timeout: (milliseconds) => (milliseconds === 2_000 ? never : clock.timeout(milliseconds)),
        }),
      },
    ],
    [
      "nobody looks after a backend that is silent",
      {
        clock: (clock) => ({
          get nowMs() {
            return clock.nowMs;
          },
          timeout: (milliseconds) => (milliseconds === 10_000 ? never : clock.timeout(milliseconds)),
        }),
      },
    ],
  ])("%s", async (_, plant) => {
    const { failure } = await explore(fleetSubject(plant), reach);
    expect(failure?.story.length).toBeLessThanOrEqual(storyMax);
  });
});
