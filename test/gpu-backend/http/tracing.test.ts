import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, decodeDraft, signedHeaders, stageCDraft, startBackend } from "../../support/backend.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../../support/otlp-receiver.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const tokenIds = [2, 71, 72, 73, 74, 3];
const seed = 3_123_456_789;
const otlpKey = "a-key-of-the-receiver";

let receiver: OtlpReceiver;
let backend: Backend;
let signatures: string[];
let metrics: string;
let spans: ReceivedSpan[];

async function post(draft: Parameters<typeof signedHeaders>[0], traceparent: string): Promise<Response> {
  const signed = await signedHeaders(draft);
  signatures.push(signed["x-wuerstchen-signature"] ?? "", signed["x-wuerstchen-nonce"] ?? "");
  const headers = { ...signed, traceparent };
  return fetch(`${backend.url}${draft.target}`, { method: "POST", headers, body: draft.body });
}

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  signatures = [];
  backend = await startBackend({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${otlpKey}`,
  });
  const traceparent = `00-${traceId}-${parentId}-01`;
  const task = { ...tinyRequest, tokenIds, seeds: [seed] };
  const made = await post(stageCDraft(task), traceparent);
  const { latents } = (await made.json()) as { latents: { safetensors: string }[] };
  const latent = new Uint8Array(Buffer.from(latents[0]?.safetensors ?? "", "base64"));
  await (await post(decodeDraft(latent), traceparent)).arrayBuffer();
  // Beyond the vocabulary: refused, and thus no task.
  await (await post(stageCDraft({ ...task, tokenIds: [2, 7_171_717, 3] }), traceparent)).text();
  await (await post(stageCDraft(task), `00-${traceId}-${"c".repeat(16)}-01`)).text();
  await (
    await post(stageCDraft({ ...tinyRequest, seeds: [seed], steps: 100 }, { deadlineMs: 1 }), "not-a-parent")
  ).text();
  metrics = await (await fetch(`${backend.url}/metrics`)).text();
  // What is still in its hands is sent when it ends.
  await backend.stop();
  spans = receiver.spans();
});

afterAll(() => receiver.stop());

const childrenOf = ({ spanId }: ReceivedSpan) => spans.filter(({ parentSpanId }) => parentSpanId === spanId);

test("tasks are spans of the edge's trace, beneath the request, each with its queue and its parts", () => {
  const tasks = spans.filter(({ parentSpanId }) => parentSpanId === parentId);
  expect(tasks.map(({ name, traceId: of }) => [name, of])).toEqual([
    ["stage-c", traceId],
    ["decode", traceId],
  ]);
  expect(tasks.map((task) => childrenOf(task).map(({ name }) => name))).toEqual([
    ["queue", "text-encoder", "stage-c"],
    ["queue", "stage-b", "stage-a", "encode"],
  ]);
});

test("parts follow one another inside their task", () => {
  for (const task of spans.filter(({ parentSpanId }) => parentSpanId === parentId)) {
    const moments = childrenOf(task).flatMap((part) => [part.startTimeUnixNano, part.endTimeUnixNano]);
    const all = [task.startTimeUnixNano, ...moments, task.endTimeUnixNano].map(BigInt);
    // The lane's clock and the server's are read in two processes, some of a millisecond apart.
    for (const [index, moment] of all.slice(1).entries())
      expect(moment - (all[index] ?? 0n)).toBeGreaterThan(-3_000_000n);
  }
});

test("a task without a valid parent is a trace of its own, and one that failed says how", () => {
  const [own, ...others] = spans.filter(({ name, parentSpanId }) => name === "stage-c" && parentSpanId === undefined);
  expect(others).toEqual([]);
  expect(own?.traceId).toMatch(/^[0-9a-f]{32}$/u);
  expect(own?.traceId).not.toBe(traceId);
  expect(JSON.stringify(own)).toContain("deadline_exceeded");
});

test("no span, metric or log line holds a token id, a seed, a signature or a secret", () => {
  const everything = [...receiver.bodies, metrics, ...backend.lines].join("\n");
  expect(everything).toContain(traceId);
  const secrets = ["71,72", "7171717", String(seed), "a secret for tests", otlpKey, ...signatures];
  for (const secret of secrets) expect(everything).not.toContain(secret);
  for (const name of ["tokenIds", "token_ids", "seeds", "prompt"]) expect(receiver.bodies.join("")).not.toContain(name);
});

test("metrics tell batches, steps, the queue, remembered texts, memory and the event loop", () => {
  expect(metrics).toMatch(/^graph_run_rows_bucket\{le="2",graph="stageC"\} [1-9]/mu);
  expect(metrics).toMatch(/^graph_run_milliseconds_count\{graph="stageB"\} [1-9]/mu);
  expect(metrics).toMatch(/^gpu_milliseconds_total\{kind="decode",outcome="done"\} [1-9]/mu);
  expect(metrics).toMatch(/^text_conditions_total\{source="computed"\} 1$/mu);
  expect(metrics).toMatch(/^jobs_shared_total 1$/mu);
  const gauges = ["queue_depth", "queue_waiting_jobs", "queue_oldest_wait_milliseconds", "queue_backlog_milliseconds"];
  const others = ["nodejs_eventloop_lag_p99_seconds", "process_resident_memory_bytes"];
  for (const name of [...gauges, ...others]) expect(metrics).toMatch(new RegExp(`^${name} `, "mu"));
});

test.each(["grafana-dashboard.json", "alerts.yml"])(
  "docs/%s asks for nothing that the backend does not tell",
  (file) => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs", file), "utf8");
    const told = new Set(Array.from(metrics.matchAll(/^# TYPE (\S+) /gmu), ([, name]) => name));
    const prefixes = "http|jobs|queue|graph|gpu|job_part|text_conditions|lane|process|nodejs";
    const asked = Array.from(text.matchAll(new RegExp(`\\b(?:${prefixes})_[a-z_0-9]+`, "gu")), ([name]) => name)
      .map((name) => name.replace(/_(?:bucket|sum|count)$/u, ""))
      .filter((name) => name !== "job_part");
    expect(asked.length).toBeGreaterThan(5);
    for (const name of asked) expect(told).toContain(name);
  },
);
