import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CancelResponse } from "../../../shared/wire/cancel.ts";
import { createEventReader } from "../../../shared/wire/event-stream.ts";
import { parseServerTiming } from "../../../shared/wire/server-timing.ts";
import {
  type Backend,
  cancelDraft,
  metricOf,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { lastingSteps, useLastingTasks } from "../../support/lasting-tasks.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const lasting = useLastingTasks();
let backend: Backend;
let seed = 100;

beforeAll(async () => {
  backend = await startBackend(lasting);
});

afterAll(() => backend.stop());

/** A task that nobody has asked for yet, and that is left before its end. */
function longTask() {
  seed += 10;
  return { ...tinyRequest, steps: lastingSteps, seeds: Array.from({ length: 8 }, (_, i) => seed + i) };
}

const metric = (name: string) => metricOf(backend, name);

/** Asks again until the metric has this value. */
async function reaches(name: string, value: number): Promise<void> {
  while ((await metric(name)) !== value);
}

const cancelledTasks = 'jobs_total{kind="stage-c",outcome="job_cancelled"}';

async function codeOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe("a task", () => {
  test("stops when its client closes the connection, and what it used is counted", async () => {
    const draft = stageCDraft(longTask());
    const client = new AbortController();
    const headers = await signedHeaders(draft);
    const { body, target } = draft;
    const answer = fetch(`${backend.url}${target}`, { method: "POST", headers, body, signal: client.signal });
    await reaches("queue_depth", 1);
    client.abort();
    await expect(answer).rejects.toThrow("abort");
    await reaches("queue_depth", 0);
    await reaches(cancelledTasks, 1);
  });

  test("stops when it is cancelled by its id; both answers tell what it used of the device", async () => {
    const jobId = "a-job-to-be-cancelled";
    const running = send(backend, stageCDraft(longTask(), { jobId }));
    await reaches("queue_depth", 1);
    const cancelled = await send(backend, cancelDraft(jobId));
    const answer = await running;
    const { gpu } = parseServerTiming(answer.headers.get("server-timing"));
    expect(await codeOf(answer)).toEqual([409, "job_cancelled"]);
    const { gpuMilliseconds, doneShare, ...rest } = (await cancelled.json()) as CancelResponse;
    expect(rest).toEqual({ cancelled: true });
    expect(gpu).toBeCloseTo(gpuMilliseconds, 1);
    expect(doneShare).toBeGreaterThanOrEqual(0);
    expect(doneShare).toBeLessThan(1);
  });

  test("that is stopped after some of its steps says how large a part of them had run", async () => {
    const jobId = "a-job-that-shows-its-steps";
    const draft = stageCDraft({ ...longTask(), seeds: [seed] }, { jobId });
    const headers = { ...(await signedHeaders(draft)), accept: "text/event-stream" };
    const running = await fetch(`${backend.url}${draft.target}`, { method: "POST", headers, body: draft.body });
    const reader = createEventReader();
    const decoder = new TextDecoder();
    let stepsSeen = 0;
    let cancelling: Promise<Response> | undefined;
    for await (const chunk of running.body ?? []) {
      for (const { event, data } of reader.push(decoder.decode(chunk, { stream: true }))) {
        if (event === "progress") stepsSeen = JSON.parse(data).step;
      }
      if (stepsSeen > 0) cancelling ??= send(backend, cancelDraft(jobId));
    }
    const cancelled = (await cancelling) ?? new Response();
    const { doneShare } = (await cancelled.json()) as CancelResponse;
    expect(doneShare).toBeGreaterThanOrEqual(stepsSeen / lastingSteps);
    expect(doneShare).toBeLessThanOrEqual(1);
  });

  test("stops at its deadline with 504", async () => {
    const answer = await send(backend, stageCDraft(longTask(), { deadlineMs: 1 }));
    expect(Object.keys(parseServerTiming(answer.headers.get("server-timing")))).toEqual(["queue", "gpu"]);
    expect(await codeOf(answer)).toEqual([504, "deadline_exceeded"]);
  });

  test("cannot take the id of another that is not done", async () => {
    const jobId = "an-id-that-is-taken";
    const answers = await Promise.all(
      [longTask(), longTask()].map((task) => send(backend, stageCDraft(task, { jobId }))),
    );
    const refused = answers.filter((answer) => !answer.ok);
    expect(refused).toHaveLength(1);
    expect(await Promise.all(refused.map(codeOf))).toEqual([[400, "invalid_request"]]);
  });

  test("that is sent twice goes on for the one who stays when the other cancels", async () => {
    const order = longTask();
    const leaving = send(backend, stageCDraft(order, { jobId: "the-one-that-leaves" }));
    const staying = send(backend, stageCDraft(order, { jobId: "the-one-that-stays" }));
    await reaches("queue_depth", 1);
    await send(backend, cancelDraft("the-one-that-leaves"));
    await leaving;
    expect((await staying).status).toBe(200);
  });
});

test("a cancellation of a task that is unknown or done says so", async () => {
  const answer = await send(backend, cancelDraft("a-job-that-never-was"));
  const unknown = { cancelled: false, gpuMilliseconds: 0, doneShare: 0 };
  expect([answer.status, await answer.json()]).toEqual([200, unknown]);
  await send(backend, stageCDraft({ ...longTask(), steps: 1, seeds: [seed] }, { jobId: "a-job-that-is-done" }));
  const done = await send(backend, cancelDraft("a-job-that-is-done"));
  expect(await done.json()).toEqual({ ...unknown, doneShare: 1 });
});

test("a cancellation of anything but an id is refused, naming the field", async () => {
  expect(await codeOf(await send(backend, cancelDraft("short")))).toEqual([400, "invalid_request"]);
});
