import { afterEach, describe, expect, test } from "vitest";
import { encodeLatent } from "../../../shared/latents/latent-format.ts";
import { decodeTarget } from "../../../shared/wire/decode.ts";
import type { TaskTerms } from "../../../shared/wire/task-terms.ts";
import {
  type Backend,
  decodeDraft,
  metricOf,
  pictureDraft,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { lastingSteps, useLastingTasks } from "../../support/lasting-tasks.ts";
import { tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";
import { sendUnfinished } from "../../support/unfinished-request.ts";

const tenantA = "a".repeat(32);
const tenantB = "b".repeat(32);
const patience = 120_000;

const lasting = useLastingTasks();
/** Of tasks that are waited for: dozens of them outlast what a test does meanwhile. */
const longSteps = 400;
let seed = 0;
const open: Backend[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((backend) => backend.stop()));
});

async function start(environment: Readonly<Record<string, string>>): Promise<Backend> {
  const backend = await startBackend({ ...lasting, SHUTDOWN_SECONDS_MAX: "0", ...environment });
  open.push(backend);
  return backend;
}

/** A task that nobody has asked for yet. */
function task(steps: number) {
  seed += 1;
  return { ...tinyRequest, steps, seeds: [seed] };
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  const { status, body } = await answer;
  await body?.cancel();
  return status;
}

/** Sends so many long tasks of a tenant, and gives their statuses as they come. */
function flood(backend: Backend, count: number, terms: TaskTerms, steps = lastingSteps): number[] {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    void statusOf(send(backend, stageCDraft(task(steps), terms))).then(
      (status) => statuses.push(status),
      () => undefined,
    );
  }
  return statuses;
}

/** Waits until so many tasks wait and run. */
async function reachesDepth(backend: Backend, depth: number): Promise<void> {
  while ((await metricOf(backend, "queue_depth")) < depth);
}

const latent = (() => {
  const metadata = { model: "tiny", revision: tinyRevision, seed: "1" };
  const file = encodeLatent({ values: new Float32Array(256), shape: [16, 4, 4], metadata });
  return file.ok ? file.value : new Uint8Array();
})();

describe("a backend without room", () => {
  test.each([
    ["/stage-c", () => stageCDraft(task(1), { tenant: tenantA })],
    ["/decode", () => ({ ...decodeDraft(latent), target: decodeTarget({ format: "png", tenant: tenantA }) })],
    ["/encode-image", () => pictureDraft("/encode-image", new Uint8Array(4_096))],
  ])("refuses before it has read the body, and says when to come back: %s", async (_, draftOf) => {
    const backend = await start({ QUEUE_JOBS_MAX: "0", PICTURES_TOGETHER_MAX: "1" });
    const running = [tenantA, tenantB, "c".repeat(32), "d".repeat(32)].map((tenant) => flood(backend, 1, { tenant }));
    await reachesDepth(backend, 4);
    flood(backend, 1, {});
    const draft = draftOf();
    const url = `${backend.url}${draft.target}`;
    const headers = await signedHeaders(draft);
    const refused = sendUnfinished({ url, headers, bytes: draft.body.length });
    expect(await refused.status).toBe(429);
    refused.leave();
    expect(running.flat()).toEqual([]);
  });

  test("names the time until half of the tenant's work before it is done", async () => {
    const backend = await start({ QUEUE_JOBS_MAX: "4", PICTURES_TOGETHER_MAX: "1" });
    // So that a step's time is known.
    await statusOf(send(backend, stageCDraft(task(10))));
    flood(backend, 4, { tenant: tenantA });
    await reachesDepth(backend, 4);
    const answer = await send(backend, stageCDraft(task(1), { tenant: tenantA }));
    expect(answer.status).toBe(429);
    const backlogMs = Number(answer.headers.get("x-wuerstchen-backlog-ms"));
    const seconds = Number(answer.headers.get("retry-after"));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(Math.ceil(backlogMs / 2_000) + 1);
  });
});

describe("a tenant that asks for far more than there is room for", () => {
  test(
    "is refused, and its neighbour neither is, nor waits for what stands in the queue",
    async () => {
      const backend = await start({ QUEUE_JOBS_MAX: "64", PICTURES_TOGETHER_MAX: "4" });
      const noisy = flood(backend, 80, { tenant: tenantA }, longSteps);
      // A tenant alone may have half of the places, and some of its tasks run.
      await reachesDepth(backend, 30);
      const before = noisy.filter((status) => status === 200).length;
      expect(await statusOf(send(backend, stageCDraft(task(longSteps), { tenant: tenantB })))).toBe(200);
      const meanwhile = noisy.filter((status) => status === 200).length - before;
      // 8 that ran, and those that took their places; in the order of their coming it would be all 30.
      expect(meanwhile).toBeLessThan(20);
      expect(noisy).toContain(429);
    },
    patience,
  );

  test(
    "has what it was let in with finished: the decode of a latent is let in when nothing else of its is",
    async () => {
      const backend = await start({ QUEUE_JOBS_MAX: "4", PICTURES_TOGETHER_MAX: "1" });
      const request = "the-request-of-a-latent";
      await statusOf(send(backend, stageCDraft(task(1), { tenant: tenantA, request })));
      flood(backend, 8, { tenant: tenantA });
      await reachesDepth(backend, 4);
      const target = decodeTarget({ format: "png", tenant: tenantA });
      expect(await statusOf(send(backend, { ...decodeDraft(latent), target }))).toBe(429);
      const known = decodeTarget({ format: "png", tenant: tenantA, request });
      expect(await statusOf(send(backend, { ...decodeDraft(latent), target: known }))).toBe(200);
    },
    patience,
  );
});
