import { describe, expect, test, vi } from "vitest";
import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { WorkDone } from "../../../workers/account/account-book.ts";
import type { StageCOutcome } from "../../../workers/gpu/gpu-client.ts";
import type { StoredLatent } from "../../../workers/latents/latent-cache.ts";
import { LatentRun, type LatentRunRecord, type LatentRunStore } from "../../../workers/single-flight/latent-run.ts";
import { latentRequest as request } from "../support/latent-request.ts";

const bytes = new Uint8Array([1, 2, 3]);
const made = ok({ latents: [bytes], milliseconds: { "stage-c": 20 } });

class MemoryStore implements LatentRunStore {
  record: LatentRunRecord | undefined;
  alarms = 0;
  read = () => this.record;
  write = (record: LatentRunRecord) => {
    this.record = record;
    this.alarms += 1;
  };
  setAlarm = () => {
    this.alarms += 1;
  };
  clear = async () => {
    this.record = undefined;
  };
}

/** The outer world of a job. It stays when an object ends: `newObject` is the next incarnation. */
function setUp(run: () => Promise<Result<StageCOutcome, Failure>> = async () => made) {
  const store = new MemoryStore();
  const stored = new Map<string, StoredLatent>();
  const noted: WorkDone[] = [];
  const look = async (id: string): Promise<StoredLatent | undefined> => stored.get(id);
  const world = { store, stored, noted, runs: 0, run, look, put: async () => {}, note: async () => {} };
  const latents = {
    find: (id: string) => world.look(id),
    async put(id: string, latent: StoredLatent) {
      await world.put();
      stored.set(id, latent);
    },
  };
  const gpu = {
    runStageC() {
      world.runs += 1;
      return world.run();
    },
  };
  const ledger = {
    async recordWork(work: WorkDone) {
      await world.note();
      noted.push(work);
    },
  };
  const accounts = { of: () => ledger };
  return { world, newObject: () => new LatentRun({ store, gpu, latents, accounts, log: () => {} }) };
}

const never = () => new Promise<never>(() => {});

describe("one object", () => {
  test("runs Stage C once for all who ask meanwhile, paid by the first, and stores the latent", async () => {
    const { world, newObject } = setUp();
    const job = newObject();
    const payers = ["first", "second", "third"];
    const outcomes = await Promise.all(
      payers.map((reservationId) => job.obtain({ ...request, reservationId, waiterId: reservationId })),
    );
    expect(world.runs).toBe(1);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ ok: true, value: { bytes, reservationId: "first" } });
    expect(world.stored.get(request.latentId)).toEqual({ bytes, account: request.account });
  });

  test("records a job before it is dispatched, and forgets it when it is done", async () => {
    const { world, newObject } = setUp();
    let recorded: unknown;
    world.run = async () => {
      recorded = world.store.record;
      return made;
    };
    await newObject().obtain(request);
    expect(recorded).toEqual({ request, attempts: 1 });
    expect(world.store.record).toBeUndefined();
  });

  test("notes the run for the payer, and spoils no latent when the ledger is away", async () => {
    const { world, newObject } = setUp();
    await newObject().obtain(request);
    expect(world.noted).toEqual([{ reservationId: "first", lines: request.lines }]);
    world.stored.clear();
    world.note = () => Promise.reject(new TypeError("away"));
    expect(await newObject().obtain(request)).toMatchObject({ ok: true });
  });

  test("begins anew for who comes after all have left a lookup that does not end, and nobody pays for that", async () => {
    const { world, newObject } = setUp();
    const job = newObject();
    world.look = never;
    const left = job.obtain({ ...request, waiterId: "left" });
    job.leave("left");
    world.look = async () => undefined;
    const outcome = await job.obtain({ ...request, waiterId: "next", reservationId: "second" });
    expect(outcome).toMatchObject({ ok: true, value: { bytes, reservationId: "second" } });
    expect(await left).toEqual(err({ code: "job_cancelled", doneShare: 0 }));
    expect(world.noted).toEqual([{ reservationId: "second", lines: request.lines }]);
  });

  test("runs nothing when the latent was stored since the caller looked", async () => {
    const { world, newObject } = setUp();
    world.stored.set(request.latentId, { bytes, account: request.account, madeMs: 0 });
    expect(await newObject().obtain(request)).toMatchObject({ ok: true, value: { bytes, reservationId: undefined } });
    expect(world.runs).toBe(0);
  });

  test.each([
    ["the backend fails", async () => err({ code: "backend_failed" as const }), async () => {}],
    ["the store fails", async () => made, () => Promise.reject(new TypeError("broken"))],
  ])("is as new after %s", async (_, run, put) => {
    const { world, newObject } = setUp(run);
    world.put = put;
    const job = newObject();
    expect(await job.obtain(request).catch(() => ({ ok: false }))).toMatchObject({ ok: false });
    expect(world.store.record).toBeUndefined();
    Object.assign(world, { run: async () => made, put: async () => {} });
    expect(await job.obtain(request)).toMatchObject({ ok: true });
  });

  test("that is called by its alarm while it works keeps to its work, and is called again", async () => {
    const { world, newObject } = setUp(never);
    const job = newObject();
    void job.obtain(request);
    const { alarms } = world.store;
    await job.redrive();
    expect(world.store.alarms).toBe(alarms + 1);
  });
});

describe("an object that ended in mid-job", () => {
  async function endedInMidJob() {
    const { world, newObject } = setUp(never);
    void newObject().obtain(request);
    await vi.waitUntil(() => world.runs === 1);
    world.run = async () => made;
    return { world, next: newObject() };
  }

  test("is followed by one whose alarm does the work, though nobody asks any more", async () => {
    const { world, next } = await endedInMidJob();
    await next.redrive();
    expect(world.stored.has(request.latentId)).toBe(true);
    expect(world.store.record).toBeUndefined();
  });

  test("is followed by one that keeps the first payer, whoever asks next", async () => {
    const { next } = await endedInMidJob();
    const outcome = await next.obtain({ ...request, reservationId: "second" });
    expect(outcome).toMatchObject({ ok: true, value: { reservationId: "first" } });
  });

  test("after the latent was stored is followed by one that runs nothing and keeps the payer", async () => {
    const { world, next } = await endedInMidJob();
    const { runs } = world;
    world.stored.set(request.latentId, { bytes, account: request.account, madeMs: 0 });
    expect(await next.obtain(request)).toMatchObject({ ok: true, value: { reservationId: "first" } });
    expect(world.runs).toBe(runs);
    expect(world.noted).toHaveLength(1);
  });

  test("every time is given up in the end", async () => {
    const { world, newObject } = setUp(never);
    for (let i = 0; i < 3; i += 1) {
      void newObject().obtain(request);
      await Promise.resolve();
    }
    await newObject().redrive();
    expect(world.store.record).toBeUndefined();
  });

  test("with nothing recorded leaves its alarm nothing to do", async () => {
    const { world, newObject } = setUp();
    await newObject().redrive();
    expect(world.runs).toBe(0);
  });
});

describe("who leaves while a run is being paid", () => {
  /** Two wait for a latent that is stored, and the first one leaves while its work is being noted. */
  async function leftWhilePaying(isRedriven: boolean) {
    const { world, newObject } = setUp(isRedriven ? never : async () => made);
    if (isRedriven) void newObject().obtain(request);
    await Promise.resolve();
    if (isRedriven) world.stored.set(request.latentId, { bytes, account: request.account, madeMs: 0 });
    const paying = new Promise<() => void>((resolve) => {
      world.note = () => new Promise<void>((finish) => resolve(finish));
    });
    const job = newObject();
    void job.obtain(request);
    const second = job.obtain({ ...request, reservationId: "second", waiterId: "second" });
    const finish = await paying;
    job.leave(request.waiterId);
    return { world, second, finish };
  }

  test.each([false, true])(
    "stays the one who pays, whoever waits on (after an object that ended: %s)",
    async (isRedriven) => {
      const { world, second, finish } = await leftWhilePaying(isRedriven);
      expect(world.store.record?.request.reservationId).toBe("first");
      finish();
      expect(await second).toMatchObject({ ok: true, value: { reservationId: "first" } });
      expect(world.noted.map(({ reservationId }) => reservationId)).toEqual(["first"]);
    },
  );
});
