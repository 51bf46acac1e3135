import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createJobQueue } from "../../../gpu-backend/scheduling/job-queue.ts";
import { backoffMs, createLane, type Lane, type LaneOptions } from "../../../gpu-backend/scheduling/lane.ts";
import { createScheduler, type Scheduler } from "../../../gpu-backend/scheduling/scheduler.ts";
import { tinyDirectory, tinyRequest } from "../../support/tiny-bundle.ts";

const modulePath = join(import.meta.dirname, "../../../gpu-backend/lane-main.ts");
const longRequest = { ...tinyRequest, steps: 100, seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
const open: Lane[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((lane) => lane.close()));
});

interface Started {
  readonly lane: Lane;
  readonly scheduler: Scheduler;
  readonly log: string[];
  /** Process ids of the lanes that became ready, oldest first. */
  readonly pids: number[];
}

function start(change: Partial<LaneOptions> = {}, waitingMax = 8): Started {
  const entries: string[] = [];
  const pids: number[] = [];
  const record = (entry: Readonly<Record<string, unknown>>, message: string) => {
    entries.push(JSON.stringify({ ...entry, message }));
    if (message === "lane ready") pids.push(Number(entry["lanePid"]));
  };
  const log = { info: record, warn: record };
  const lane = createLane({
    modulePath,
    environment: process.env,
    load: { directory: tinyDirectory, execution: { provider: "cpu", intraOpThreads: 1 }, conditionCacheBytesMax: 1e6 },
    log,
    jobMsMax: 60_000,
    readyMsMax: 60_000,
    stopMsMax: 5_000,
    ...change,
  });
  open.push(lane);
  const scheduler = createScheduler({ queue: createJobQueue(waitingMax), lane, log, now: () => performance.now() });
  return { lane, scheduler, log: entries, pids };
}

describe("a lane", () => {
  test("does jobs that came before it had loaded", async () => {
    const { scheduler, lane } = start();
    expect(lane.isReady()).toBe(false);
    const made = await scheduler.runStageC(tinyRequest);
    expect(made).toMatchObject({ ok: true, value: { outcome: { files: [expect.any(Uint8Array)] } } });
    expect(lane.isReady()).toBe(true);
  });

  test("that is killed in mid-job fails that job alone, and another takes the next", async () => {
    const { scheduler, lane, pids } = start();
    await lane.started;
    const first = scheduler.runStageC(longRequest);
    const second = scheduler.runStageC(tinyRequest);
    process.kill(pids[0] ?? 0, "SIGKILL");
    expect(await first).toEqual({ ok: false, error: { code: "backend_failed" } });
    expect(await second).toMatchObject({ ok: true });
    expect(pids).toHaveLength(2);
  });

  test("whose job takes too long is replaced", async () => {
    const { scheduler, lane } = start({ jobMsMax: 5 });
    await lane.started;
    expect(await scheduler.runStageC(longRequest)).toEqual({ ok: false, error: { code: "backend_failed" } });
  });

  test("survives a job that throws, and the log says why without a value", async () => {
    const { scheduler, lane, log, pids } = start();
    await lane.started;
    const failed = await scheduler.runStageC({ ...tinyRequest, tokenIds: [2, 987_654_321, 3] });
    expect(failed).toEqual({ ok: false, error: { code: "backend_failed" } });
    expect(await scheduler.runStageC(tinyRequest)).toMatchObject({ ok: true });
    expect(pids).toHaveLength(1);
    expect(log.join("\n")).toContain("Graph textEncoder failed on token_ids int64 (1, 3)");
    expect(log.join("\n")).not.toContain("987654321");
  });

  test("that cannot load says what is wrong", async () => {
    const load = {
      directory: join(tinyDirectory, "nowhere"),
      execution: { provider: "cpu" as const, intraOpThreads: 1 },
      conditionCacheBytesMax: 1,
    };
    const { lane, scheduler } = start({ load, readyMsMax: 1 });
    const started = await lane.started;
    expect(started).toEqual({ ok: false, error: expect.stringContaining("model.json cannot be read") });
    expect(await scheduler.runStageC(tinyRequest)).toEqual({ ok: false, error: { code: "backend_unavailable" } });
  });

  test("ends when it is closed, in mid-job too", async () => {
    const { scheduler, lane, pids } = start();
    await lane.started;
    const job = scheduler.runStageC(longRequest);
    await lane.close();
    expect(await job).toEqual({ ok: false, error: { code: "backend_failed" } });
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow("ESRCH");
  });
});

test("two processes make the same latent and the same picture, byte for byte", async () => {
  const [a, b] = [start().scheduler, start().scheduler];
  const [madeA, madeB] = await Promise.all([a.runStageC(tinyRequest), b.runStageC(tinyRequest)]);
  if (!madeA.ok || !madeB.ok) throw new Error("A job failed.");
  const [file = new Uint8Array()] = madeA.value.outcome.files;
  expect(madeB.value.outcome.files).toEqual([file]);
  const [paintedA, paintedB] = await Promise.all([
    a.decode(file, { format: "png" }),
    b.decode(file, { format: "png" }),
  ]);
  if (!paintedA.ok || !paintedB.ok) throw new Error("A decode failed.");
  expect(paintedB.value.outcome.bytes).toEqual(paintedA.value.outcome.bytes);
});

test("a job beyond the queue is told when to come back", async () => {
  const { scheduler } = start({}, 0);
  const first = scheduler.runStageC(tinyRequest);
  const refused = await scheduler.runStageC(tinyRequest);
  expect(refused).toEqual({ ok: false, error: { code: "backend_overloaded", retryAfterSeconds: expect.any(Number) } });
  expect(await first).toMatchObject({ ok: true });
});

test("the wait between failed starts doubles, up to a bound", () => {
  expect([1, 2, 3, 7, 8, 50].map(backoffMs)).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
});
