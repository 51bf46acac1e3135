import { createHash } from "node:crypto";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, backendSecret, metricOf, startBackend } from "../support/backend.ts";
import { type OtlpReceiver, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { startTinyEdge, type TinyEdge } from "../support/tiny-edge.ts";

// The real Worker in workerd before two real backends, over real HTTP; only the bundle is a small one.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle. */
const generatedMicroUsd = 21;
const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

let receiver: OtlpReceiver;
let backends: readonly [Backend, Backend];
let edge: TinyEdge;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
  backends = await Promise.all([startBackend(traced), startBackend(traced)]);
  edge = await startTinyEdge(backends[0].url, backends[1].url);
}, testMsMax);

afterAll(async () => {
  await edge.stop();
  await Promise.all(backends.map((backend) => backend.stop()));
  await receiver.stop();
}, testMsMax);

/** The status, and the picture's digest or what was said instead. */
async function generate(seed: number): Promise<string> {
  const body = { prompt: "apple", seed };
  const response = await edge.send("POST", "/v1/images/generations", body, { accept: "image/png" });
  if (response.status !== 200) return `${response.status} ${await response.text()}`;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return `${response.status} ${createHash("sha256").update(bytes).digest("hex")}`;
}

const jobsOf = (backend: Backend) => metricOf(backend, "stage_c_runs_total");

test(
  "a backend that is killed under load is not noticed by any client: all pictures come, each is paid once, and the other does the work",
  async () => {
    const [killed, left] = backends;
    const pictures = seeds.map(generate);
    // Some have come from both by then, and others are under way at the one that ends.
    await Promise.any(pictures.slice(10));
    expect(await jobsOf(killed)).toBeGreaterThan(0);
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");

    const answers = await Promise.all(pictures);
    expect(answers.filter((answer) => !answer.startsWith("200 "))).toEqual([]);
    expect(new Set(answers).size).toBe(seeds.length);
    expect(await edge.balance()).toMatchObject({
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
  const health = await (await edge.send("GET", "/v1/health")).json();
  expect(health).toMatchObject({ status: "ready", parts: { backend: "ready" } });
});

test("a request's id is the trace that its jobs belong to, and no span tells its prompt or key", async () => {
  const body = { prompt: "apple with a-marker-in-it", seed: 2_000 };
  const response = await edge.send("POST", "/v1/images/generations", body);
  expect(response.status).toBe(200);
  // What is still in their hands is sent when they end.
  await Promise.all(backends.map((backend) => backend.stop()));
  const traceId = response.headers.get("x-request-id")?.replace("req_", "");
  const spans = receiver.spans().filter((span) => span.traceId === traceId);
  const jobs = spans.filter(({ parentSpanId }) => parentSpanId === traceId?.slice(0, 16));
  expect(jobs.map(({ name }) => name)).toEqual(["stage-c", "decode"]);
  expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["text-encoder", "stage-b", "encode"]));
  const told = receiver.bodies.join("");
  for (const secret of ["a-marker-in-it", edge.apiKey, backendSecret]) expect(told).not.toContain(secret);
});
