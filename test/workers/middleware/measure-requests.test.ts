import { expect, test } from "vitest";
import { err } from "../../../shared/result.ts";
import type { Caller } from "../../../workers/generation/caller.ts";
import { measureJobRequests } from "../../../workers/middleware/measure-requests.ts";
import type { RequestEvent } from "../../../workers/usage/request-event.ts";

const caller: Caller = {
  account: "a",
  location: "AMS",
  priority: "batch",
  signal: new AbortController().signal,
  idempotencyKey: undefined,
  isRetry: false,
};

test("each request of a job is reported with the revision that it was planned for, a failed one too", async () => {
  const events: RequestEvent[] = [];
  const reports = {
    reportRequest: async (event: RequestEvent) => void events.push(event),
    nowMs: () => 7,
    log: () => undefined,
    newId: () => `${events.length}`,
  };
  const measured = measureJobRequests(reports, async ({ noteModel }, revision: string | undefined) => {
    if (revision !== undefined) noteModel?.(revision);
    return err({ code: "backend_failed" as const });
  });
  await Promise.all([measured(caller, "one"), measured(caller, "two"), measured(caller, undefined)]);
  expect(events.map(({ revision, outcome }) => [revision, outcome])).toEqual([
    ["one", "backend_failed"],
    ["two", "backend_failed"],
    [undefined, "backend_failed"],
  ]);
});
