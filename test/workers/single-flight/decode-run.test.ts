import { expect, test } from "vitest";
import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { DecodeOutcome } from "../../../workers/gpu/gpu-client.ts";
import type { CachedImage } from "../../../workers/images/image-cache.ts";
import { type DecodeRequest, DecodeRun } from "../../../workers/single-flight/decode-run.ts";

const bytes = new Uint8Array([1, 2, 3]);
const latent = new Uint8Array([4]);
const decoded = ok({ bytes, milliseconds: { "stage-b": 10 } });
const request: DecodeRequest = {
  latentId: "a".repeat(64),
  latent,
  options: { format: "png" },
  account: "account-1",
  reservationId: "first",
  waiterId: "first",
  priority: "interactive",
};

function setUp() {
  const cached = new Map<string, CachedImage>();
  const look = async (id: string): Promise<CachedImage | undefined> => cached.get(id);
  const world = { cached, look, runs: 0, run: async (): Promise<Result<DecodeOutcome, Failure>> => decoded };
  const images = {
    find: (id: string) => world.look(id),
    async put(id: string, _: unknown, picture: Uint8Array<ArrayBuffer>) {
      const image = { bytes: picture, etag: '"tag"' };
      cached.set(id, image);
      return image;
    },
  };
  const decodeLatent = () => {
    world.runs += 1;
    return world.run();
  };
  return { world, job: new DecodeRun({ images, gpu: { decodeLatent } }) };
}

test("one decode serves all who ask meanwhile, paid by the first, and its picture is kept", async () => {
  const { world, job } = setUp();
  const outcomes = await Promise.all(
    ["first", "second"].map((reservationId) => job.obtain({ ...request, reservationId, waiterId: reservationId })),
  );
  for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true, value: { bytes, reservationId: "first" } });
  expect(world.runs).toBe(1);
  expect(world.cached.size).toBe(1);
});

test("a lookup that does not end holds up nobody who comes after all have left", async () => {
  const { world, job } = setUp();
  world.look = () => new Promise<never>(() => {});
  const left = job.obtain(request);
  job.leave(request.waiterId);
  world.look = async () => undefined;
  expect(await job.obtain({ ...request, waiterId: "next" })).toMatchObject({ ok: true, value: { bytes } });
  expect(await left).toEqual(err({ code: "job_cancelled", doneShare: 0 }));
});

test("a picture that is there by now is nobody's decode", async () => {
  const { world, job } = setUp();
  await job.obtain(request);
  expect(await job.obtain(request)).toMatchObject({ ok: true, value: { bytes, reservationId: undefined } });
  expect(world.runs).toBe(1);
});

test("a failure is told to all who wait, and the next who asks has it tried anew", async () => {
  const { world, job } = setUp();
  world.run = async () => err({ code: "backend_failed" });
  const outcomes = await Promise.all([job.obtain(request), job.obtain({ ...request, waiterId: "second" })]);
  expect(outcomes).toEqual([err({ code: "backend_failed" }), err({ code: "backend_failed" })]);
  world.run = async () => decoded;
  expect(await job.obtain(request)).toMatchObject({ ok: true });
});
