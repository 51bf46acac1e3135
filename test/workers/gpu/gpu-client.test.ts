import { describe, expect, test } from "vitest";
import { decodeMsMax, loadMsMax, stageCMsMax, taskMsBound } from "../../../shared/models/work-time.ts";
import { formatStageCEvent } from "../../../shared/wire/stage-c-events.ts";
import type { TaskConditions } from "../../../workers/gpu/cancellable-task.ts";
import { createGpuClient, type GpuClientOptions } from "../../../workers/gpu/gpu-client.ts";
import { GpuBackendDouble } from "../support/gpu-backend-double.ts";
import { manifest } from "../support/tiny-bundle.ts";

const secret = "s".repeat(32);
const nowMs = Date.UTC(2026, 10, 22);

const job = {
  model: manifest.id,
  revision: manifest.revision,
  tokenIds: [2, 7, 3],
  negativeTokenIds: [2, 3],
  seeds: [1, 2],
  steps: 6,
  guidanceScale: 3,
  latentShape: [16, 4, 4] as [number, number, number],
};

/** The model, as if its networks had the sizes of the released ones. */
const fullSize = {
  ...manifest,
  files: Object.fromEntries(
    Object.entries(manifest.files).map(([name, file]) => [name, { ...file, bytes: 4_000_000_000 }]),
  ),
};

const payer = { account: "account-1", reservationId: "reservation-1" };
const conditions: TaskConditions = { priority: "interactive", payer, signal: new AbortController().signal };

function setUp(overrides: Partial<GpuClientOptions> = {}) {
  const backend = new GpuBackendDouble(secret, () => nowMs);
  const timeoutsMs: number[] = [];
  const log: unknown[] = [];
  const client = createGpuClient({
    backends: [{ url: "https://gpu.test" }],
    secret,
    fetch: backend.fetch,
    nowMs: () => nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeout: (milliseconds) => {
      timeoutsMs.push(milliseconds);
      return new AbortController().signal;
    },
    log: (entry) => log.push(entry),
    manifestOf: async (revision) => (revision === manifest.revision ? manifest : undefined),
    ...overrides,
  });
  return { backend, client, timeoutsMs, log };
}

async function latentFile() {
  const outcome = await setUp().client.runStageC(job, conditions);
  const file = outcome.ok ? outcome.value.latents[0] : undefined;
  if (file === undefined) throw new TypeError("The double made no latent.");
  return file;
}

describe("the client", () => {
  test("signs every request so that the backend accepts it, and no two alike", async () => {
    const { backend, client } = setUp();
    for (let i = 0; i < 3; i += 1) expect(await client.runStageC(job, conditions)).toMatchObject({ ok: true });
    expect(
      await client.decodeLatent({ latent: await latentFile(), options: { format: "webp", quality: 3 } }, conditions),
    ).toMatchObject({ ok: true });
    expect(await client.health()).toMatchObject([{ status: "ready" }]);
    expect(new Set(backend.transcript).size).toBe(5);
  });

  test("bounds the time of every request, that of a health check to a few seconds", async () => {
    const { client, timeoutsMs } = setUp();
    await client.runStageC(job, conditions);
    await client.decodeLatent({ latent: await latentFile(), options: { format: "png" } }, conditions);
    await client.health();
    expect(timeoutsMs).toHaveLength(3);
    expect(Math.max(...timeoutsMs)).toBeLessThanOrEqual(600_000);
    expect(timeoutsMs.at(-1)).toBeLessThanOrEqual(5_000);
  });

  test("waits for a large model as long as its size takes on a slow machine, and for its cancellations too", async () => {
    const { client: small, timeoutsMs: ofSmall } = setUp();
    const { client: large, timeoutsMs: ofLarge } = setUp({ manifestOf: async () => fullSize });
    const latent = await latentFile();
    for (const client of [small, large]) {
      await client.runStageC(job, conditions);
      await client.decodeLatent({ latent, options: { format: "png" } }, conditions);
      await client.holdsModel(fullSize);
    }
    expect(ofSmall.slice(0, 2)).toEqual([300_000, 120_000]);
    expect(ofLarge).toEqual([
      stageCMsMax(fullSize, { ...job, samples: 2 }),
      decodeMsMax(fullSize, job.latentShape),
      loadMsMax(fullSize),
    ]);
    expect(Math.min(...ofLarge)).toBeGreaterThan(300_000);
  });

  test("has the answer to a long job kept open by events, and to a short one only where somebody listens", async () => {
    for (const [manifestOf, accepts] of [
      [async () => fullSize, true],
      [async () => manifest, false],
    ] as const) {
      const { backend, client } = setUp({ manifestOf });
      expect(await client.runStageC(job, conditions)).toMatchObject({ ok: true, value: { latents: { length: 2 } } });
      expect(backend.transcript[0]?.includes("text/event-stream")).toBe(accepts);
    }
  });

  test("waits the longest for a model that it does not know, or cannot look up now", async () => {
    for (const manifestOf of [async () => undefined, () => Promise.reject(new TypeError("no store"))]) {
      const { client, timeoutsMs } = setUp({ manifestOf });
      await client.runStageC(job, conditions);
      expect(timeoutsMs).toEqual([taskMsBound]);
    }
  });

  test("tells a request that ran out of time from a backend that is away", async () => {
    const fetch = (_: string, init: RequestInit) =>
      new Promise<Response>((_resolve, reject) => {
        init.signal?.addEventListener("abort", () => reject(new DOMException("late", "TimeoutError")));
      });
    const { client, log } = setUp({ fetch, timeout: () => AbortSignal.timeout(1) });
    expect(await client.runStageC(job, conditions)).toEqual({ ok: false, error: { code: "deadline_exceeded" } });
    expect(await client.health()).toEqual([undefined]);
    expect(log).toContainEqual({ event: "backend_unreachable", path: "/stage-c" });
  });

  test("calls a body that breaks off unavailable", async () => {
    const body = () =>
      new ReadableStream({
        pull(controller) {
          controller.error(new TypeError("connection reset"));
        },
      });
    const { client } = setUp({ fetch: async () => new Response(body()) });
    expect(await client.runStageC(job, conditions)).toEqual({ ok: false, error: { code: "backend_unavailable" } });
  });
});

describe("work that nobody wants any more", () => {
  test("is cancelled at the backend by the name that it was sent with", async () => {
    const { backend, client } = setUp();
    backend.doneShare = 0.25;
    const { reached } = backend.hold();
    const stop = new AbortController();
    const running = client.runStageC(job, { priority: "batch", payer, signal: stop.signal });
    await reached;
    stop.abort();
    expect(await running).toEqual({ ok: false, error: { code: "job_cancelled", doneShare: 0.25 } });
    expect(backend.transcript[0]).toContain("priority=batch");
    expect(backend.transcript[0]).toContain(`jobId=${backend.cancelled[0]}`);
  });

  test("is not sent at all when nobody wants it from the start", async () => {
    const { backend, client } = setUp();
    const signal = AbortSignal.abort();
    expect(await client.runStageC(job, { priority: "batch", payer, signal })).toMatchObject({ ok: false });
    expect(backend.transcript).toEqual([]);
  });

  test("ends for us even when the backend never hears of the cancellation", async () => {
    const { backend } = setUp();
    const fetch = (url: string, init: RequestInit) =>
      new Promise<Response>((_, reject) => {
        if (url.endsWith("/cancel")) return reject(new TypeError("connection refused"));
        void backend.fetch(url, init);
        init.signal?.addEventListener("abort", () => reject(new DOMException("closed", "AbortError")));
      });
    const { client } = setUp({ fetch });
    const { reached } = backend.hold();
    const stop = new AbortController();
    const running = client.runStageC(job, { priority: "batch", payer, signal: stop.signal });
    await reached;
    stop.abort();
    expect(await running).toEqual({ ok: false, error: { code: "job_cancelled", doneShare: 0 } });
  });

  test("counts the steps that were reported, should the answer to the cancellation be lost", async () => {
    const stop = new AbortController();
    const progress = formatStageCEvent({ kind: "progress", step: 3, steps: 6 });
    const fetch = async (url: string, init: RequestInit) => {
      if (url.endsWith("/cancel")) throw new TypeError("connection refused");
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(progress));
          init.signal?.addEventListener("abort", () => controller.error(new TypeError("closed")));
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    const { client } = setUp({ fetch });
    const onEvent = () => stop.abort();
    const ended = await client.runStageC(job, { priority: "batch", payer, signal: stop.signal, onEvent });
    expect(ended).toEqual({ ok: false, error: { code: "job_cancelled", doneShare: 0.5 } });
  });

  test("is delivered after all when the backend says that it was done already", async () => {
    const { backend, client } = setUp();
    backend.doneShare = 1;
    const stop = new AbortController();
    const file = await latentFile();
    const { reached, release } = backend.hold("/decode");
    const decoding = client.decodeLatent(
      { latent: file, options: { format: "png" } },
      { priority: "batch", payer, signal: stop.signal },
    );
    await reached;
    backend.ignoresCancels = true;
    stop.abort();
    release();
    expect(await decoding).toMatchObject({ ok: true });
  });
});

describe("an answer that is not to the question", () => {
  test.each([
    ["of another revision", { revision: "another" }],
    ["of another model", { model: "another" }],
    ["without latents", { latents: [] }],
    ["with one latent too few", { latents: [{ seed: 1, safetensors: "AAAA" }] }],
    ["in another order", { latents: [2, 1].map((seed) => ({ seed, safetensors: "AAAA" })) }],
  ])("is a failure: %s", async (_, wrong) => {
    const latents = job.seeds.map((seed) => ({ seed, safetensors: "AAAA" }));
    const milliseconds = { queue: 0, textEncoder: 0, stageC: 0 };
    const answer = { model: job.model, revision: job.revision, latents, milliseconds, ...wrong };
    const { client } = setUp({ fetch: async () => Response.json(answer) });
    expect(await client.runStageC(job, conditions)).toEqual({ ok: false, error: { code: "backend_failed" } });
  });

  test.each([
    ["a page in place of a picture", new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["another format", new Response("x", { headers: { "content-type": "image/webp" } })],
    ["an empty picture", new Response("", { headers: { "content-type": "image/png" } })],
    ["a redirect", new Response(null, { status: 302, headers: { location: "https://elsewhere.test" } })],
  ])("is a failure and is never cached as a picture: %s", async (_, answer) => {
    const { client } = setUp({ fetch: async () => answer });
    const outcome = await client.decodeLatent({ latent: await latentFile(), options: { format: "png" } }, conditions);
    expect(outcome).toEqual({ ok: false, error: { code: "backend_failed" } });
  });
});
