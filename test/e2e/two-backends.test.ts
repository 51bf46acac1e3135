import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevelopmentAccount } from "../../scripts/local-account.ts";
import { keptApiKey, randomSecret } from "../../scripts/local-state.ts";
import { type LocalWorker, startLocalWorker } from "../../scripts/local-worker.ts";
import { freePort } from "../../scripts/ports.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { type Backend, backendSecret, startBackend } from "../support/backend.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

// The real Worker in workerd before two real backends, over real HTTP; only the bundle is a small one.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle. */
const generatedMicroUsd = 21;
const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-two-backends-"));
const adminSecret = randomSecret();
let receiver: OtlpReceiver;
let backends: Backend[];
let worker: LocalWorker;
let apiKey: string;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  backends = await Promise.all([startBackend(traced), startBackend(traced)]);
  apiKey = await keptApiKey({ folder: stateFolder, release: () => {} });
  worker = await startLocalWorker({
    ...{ root: join(import.meta.dirname, "../.."), port: await freePort(0, "PORT"), stateFolder },
    ...{ bundle: tinyDirectory, backendUrl: "http://127.0.0.1:9", verbose: false },
    secrets: {
      GPU_BACKEND_SECRET: backendSecret,
      LATENT_KEY_SECRET: randomSecret(),
      IMAGE_URL_SECRET: randomSecret(),
      ADMIN_SECRET: adminSecret,
      GPU_BACKENDS: JSON.stringify(backends.map(({ url }) => ({ url }))),
    },
  });
  await openDevelopmentAccount(worker.url, { adminSecret, apiKey });
}, testMsMax);

afterAll(async () => {
  await worker.stop();
  await Promise.all(backends.map((backend) => backend.stop()));
  await receiver.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}, testMsMax);

/** The status, and the picture's digest or what was said instead. */
async function generate(seed: number): Promise<string> {
  const response = await fetch(`${worker.url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", accept: "image/png" },
    body: JSON.stringify({ prompt: "apple", seed }),
  });
  if (response.status !== 200) return `${response.status} ${await response.text()}`;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return `${response.status} ${createHash("sha256").update(bytes).digest("hex")}`;
}

async function jobsOf({ url }: Backend): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^stage_c_runs_total (\d+)$/mu.exec(metrics)?.[1]);
}

test(
  "a backend that is killed under load is not noticed by any client: all pictures come, each is paid once, and the other does the work",
  async () => {
    const [killed, left] = backends;
    if (killed === undefined || left === undefined) throw new TypeError("There are two backends.");
    const pictures = seeds.map(generate);
    // Some have come from both by then, and others are under way at the one that ends.
    await Promise.any(pictures.slice(10));
    expect(await jobsOf(killed)).toBeGreaterThan(0);
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");

    const answers = await Promise.all(pictures);
    expect(answers.filter((answer) => !answer.startsWith("200 "))).toEqual([]);
    expect(new Set(answers).size).toBe(seeds.length);
    const balance = await fetch(`${worker.url}/v1/balance`, { headers: { authorization: `Bearer ${apiKey}` } });
    expect((await balance.json()) as BalanceResponse).toMatchObject({
      held_micro_usd: 0,
      spent_micro_usd: seeds.length * generatedMicroUsd,
    });

    // And afterwards it is as if there were one.
    const before = await jobsOf(left);
    expect(await generate(1_000)).toMatch(/^200 /u);
    expect(await jobsOf(left)).toBe(before + 1);
  },
  testMsMax,
);

test("the edge is ready while one backend is", async () => {
  const health = await (await fetch(`${worker.url}/v1/health`)).json();
  expect(health).toMatchObject({ status: "ready", parts: { backend: "ready" } });
});

test("a request's id is the trace that its jobs belong to, and no span tells its prompt or key", async () => {
  const response = await fetch(`${worker.url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "apple with a-marker-in-it", seed: 2_000 }),
  });
  expect(response.status).toBe(200);
  // What is still in their hands is sent when they end.
  await Promise.all(backends.map((backend) => backend.stop()));
  const traceId = response.headers.get("x-request-id")?.replace("req_", "");
  const spans = receiver.spans().filter((span) => span.traceId === traceId);
  const jobs = spans.filter(({ parentSpanId }) => parentSpanId === traceId?.slice(0, 16));
  expect(jobs.map(({ name }) => name)).toEqual(["stage-c", "decode"]);
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["text-encoder", "stage-b", "encode"]));
  const told = receiver.bodies.join("");
  for (const secret of ["a-marker-in-it", apiKey, backendSecret]) expect(told).not.toContain(secret);
});
