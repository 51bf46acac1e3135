import { Hono } from "hono";
import { expect, test } from "vitest";
import { streamStageC } from "../../../gpu-backend/http/stream-stage-c.ts";
import type { Unscheduled } from "../../../gpu-backend/scheduling/scheduler.ts";
import { err, type Result } from "../../../shared/result.ts";
import type { StageCResponse } from "../../../shared/wire/stage-c.ts";

type End = Result<StageCResponse, Unscheduled>;

/** A stream of a task that waits until it is stopped, and says that it lives every millisecond. */
async function waitingTask() {
  let finish: (end: End) => void = () => {};
  const ended = new Promise<End>((resolve) => {
    finish = resolve;
  });
  const signals: AbortSignal[] = [];
  const app = new Hono().get("/", (context) =>
    streamStageC(context, 1, ({ signal }) => {
      signals.push(signal);
      return ended;
    }),
  );
  const response = await app.request("/");
  return { response, signals, finish };
}

test("a task that waits in the queue keeps its connection alive by comments", async () => {
  const { response, finish } = await waitingTask();
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  for (let beats = 0; beats < 3; beats += 1) expect((await reader.read()).value).toBe(": waiting\n\n");
  finish(err({ failure: { code: "backend_failed" }, queueMs: 0, gpuMs: 0, doneShare: 0 }));
  let last = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) last = part.value;
  expect(last).toMatch(/event: error\ndata: \{"status":502,"error":.*\}\n\n$/u);
});

test("a reader that leaves takes its wish back", async () => {
  const { response, signals } = await waitingTask();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  await response.body?.cancel();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});
