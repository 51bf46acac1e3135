import { describe, expect, test, vi } from "vitest";
import type { Job, JobServices } from "../../../workers/jobs/job.ts";
import type { JobList } from "../../../workers/jobs/job-list.ts";
import type { JobStore } from "../../../workers/jobs/job-store.ts";
import { explore, testMsMax } from "../support/explore.ts";
import { override } from "../support/override.ts";
import { jobsSubject } from "./jobs-subject.ts";
import type { Plant } from "./real-jobs.ts";

vi.setConfig({ testTimeout: testMsMax });

const reach = { stories: 300, stepsMax: 60 };
const stepsMin = 5_000;
/** The longest story that a planted fault needs, once it is made short. */
const storyMax = 4;

test("jobs end as their model says, whatever is lost, killed or late, and their money with them", async () => {
  const { steps, failure } = await explore(jobsSubject(), reach);
  expect(failure?.report).toBeUndefined();
  expect(steps).toBeGreaterThan(stepsMin);
});

function services(change: (services: JobServices) => Partial<JobServices>): Plant {
  return { services: (given) => ({ ...given, ...change(given) }) };
}

function store(change: (store: JobStore) => Partial<JobStore>): Plant {
  return services((given) => ({ store: override(given.store, change(given.store)) }));
}

function list(change: (list: JobList) => Partial<JobList>): Plant {
  return { list: (given) => override(given, change(given)) };
}

function job(change: Partial<Job>): Plant {
  return { job: (given) => override(given, change) };
}

let names = 0;

describe("a planted fault in the jobs is found:", () => {
  test.each<[string, Plant]>([
    ["a request that has ended is done again", store(() => ({ endItem: () => undefined }))],
    ["a failed attempt is not counted", store(() => ({ countAttempt: () => undefined }))],
    ["a backend that fails is not left alone", store(() => ({ pause: () => undefined }))],
    ["a pause does not grow", store((given) => ({ pause: (_, resumeMs) => given.pause(1, resumeMs) }))],
    [
      "a cancelled job also ends what is under way",
      store((given) => ({ endQueued: (outcome) => given.endQueued(outcome, []) })),
    ],
    [
      "an end is not told once more when it was lost",
      store((given) => ({
        end(...told) {
          given.end(...told);
          given.markTold();
        },
      })),
    ],
    [
      "an end is told as often as somebody looks",
      services(({ store: given, sendWebhook }) => ({
        store: override(given, { markTold: () => undefined }),
        sendWebhook: (message) => sendWebhook({ ...message, id: `${message.id} ${names++}` }),
      })),
    ],
    ["no alarm is set", services(() => ({ setAlarm: () => undefined }))],
    ["what an object leaves behind is never deleted", services(() => ({ clear: async () => undefined }))],
    ["a webhook is not sent", services(() => ({ sendWebhook: async () => undefined }))],
    [
      "a request that is begun again has another name",
      services(({ generate }) => ({
        generate: (caller, request) =>
          generate({ ...caller, idempotencyKey: `${caller.idempotencyKey}${names++}` }, request),
      })),
    ],
    ["all jobs run at once", list(() => ({ enter: () => 0 }))],
    ["a job that is deleted stays in the list", list(() => ({ remove: () => undefined }))],
    ["nobody hears a cancellation", job({ cancel: async () => undefined })],
    ["a job does its work only while it is watched", job({ advance: async () => undefined })],
  ])("%s", async (_, plant) => {
    const { failure } = await explore(jobsSubject(plant), reach);
    expect(failure?.story.length).toBeLessThanOrEqual(storyMax);
  });
});
