import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { backoffMs, type Lane } from "../../../gpu-backend/lane/lane.ts";
import { tinyDirectory, tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";
import { patient, startTinyLane, type TinyLane, tinyLoad } from "../../support/tiny-lane.ts";

const longRequest = { ...tinyRequest, steps: 100, seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
const open: Lane[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((lane) => lane.close()));
});

function start(...options: Parameters<typeof startTinyLane>): TinyLane {
  const started = startTinyLane(...options);
  open.push(started.lane);
  return started;
}

describe("a lane", () => {
  test("does tasks that came before it had loaded", async () => {
    const { scheduler, lane } = start();
    expect(lane.isReady()).toBe(false);
    const made = await scheduler.runStageC(tinyRequest, patient);
    expect(made).toMatchObject({ ok: true, value: { outcome: { files: [expect.any(Uint8Array)] } } });
    expect(lane.isReady()).toBe(true);
  });

  test("that is killed in mid-task fails that task alone, and another takes the next", async () => {
    const { scheduler, lane, pids } = start();
    await lane.started;
    const first = scheduler.runStageC(longRequest, patient);
    const second = scheduler.runStageC(tinyRequest, patient);
    process.kill(pids[0] ?? 0, "SIGKILL");
    expect(await first).toMatchObject({ ok: false, error: { failure: { code: "backend_failed" } } });
    expect(await second).toMatchObject({ ok: true });
    expect(pids).toHaveLength(2);
  });

  test("whose task takes too long and does not stop is replaced", async () => {
    const { scheduler, lane } = start({ taskMsMax: () => 5, stuckMsMax: 0 });
    await lane.started;
    expect(await scheduler.runStageC(longRequest, patient)).toMatchObject({
      ok: false,
      error: { failure: { code: "backend_failed" } },
    });
  });

  test("survives a task that throws, and the log says why without a value", async () => {
    const { scheduler, lane, log, pids } = start();
    await lane.started;
    const failed = await scheduler.runStageC({ ...tinyRequest, tokenIds: [2, 987_654_321, 3] }, patient);
    expect(failed).toMatchObject({ ok: false, error: { failure: { code: "backend_failed" } } });
    expect(await scheduler.runStageC(tinyRequest, patient)).toMatchObject({ ok: true });
    expect(pids).toHaveLength(1);
    expect(log.join("\n")).toContain("Graph textEncoder failed on token_ids int64 (1, 3)");
    expect(log.join("\n")).not.toContain("987654321");
  });

  test("that cannot load says what is wrong", async () => {
    const load = { ...tinyLoad, directory: join(tinyDirectory, "nowhere") };
    const { lane, scheduler } = start({ load, readyMsMax: 1 });
    const started = await lane.started;
    expect(started).toEqual({ ok: false, error: expect.stringContaining("model.json cannot be read") });
    expect(await scheduler.runStageC(tinyRequest, patient)).toMatchObject({
      ok: false,
      error: { failure: { code: "backend_unavailable" } },
    });
  });

  test("ends when it is closed, in mid-task too", async () => {
    const { scheduler, lane, pids } = start();
    await lane.started;
    const task = scheduler.runStageC(longRequest, patient);
    await lane.close();
    expect(await task).toMatchObject({ ok: false, error: { failure: { code: "backend_failed" } } });
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow("ESRCH");
  });
});

test("two processes make the same latent and the same picture, byte for byte", async () => {
  const [a, b] = [start().scheduler, start().scheduler];
  const [madeA, madeB] = await Promise.all([a.runStageC(tinyRequest, patient), b.runStageC(tinyRequest, patient)]);
  if (!madeA.ok || !madeB.ok) throw new Error("A task failed.");
  const [file = new Uint8Array()] = madeA.value.outcome.files;
  expect(madeB.value.outcome.files).toEqual([file]);
  const [paintedA, paintedB] = await Promise.all([
    a.decode({ latent: file, revision: tinyRevision }, { format: "png" }, patient),
    b.decode({ latent: file, revision: tinyRevision }, { format: "png" }, patient),
  ]);
  if (!paintedA.ok || !paintedB.ok) throw new Error("A decode failed.");
  expect(paintedB.value.outcome.bytes).toEqual(paintedA.value.outcome.bytes);
});

test("a task beyond the queue is told when to come back", async () => {
  const { scheduler } = start({}, 0);
  const first = scheduler.runStageC(longRequest, patient);
  const refused = await scheduler.runStageC(tinyRequest, patient);
  expect(refused).toMatchObject({
    ok: false,
    error: { failure: { code: "backend_overloaded", retryAfterSeconds: expect.any(Number) } },
  });
  expect(await first).toMatchObject({ ok: true });
});

test("the wait between failed starts doubles, up to a bound", () => {
  expect([1, 2, 3, 7, 8, 50].map(backoffMs)).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
});
