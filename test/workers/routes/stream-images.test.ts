import { beforeEach, expect, test } from "vitest";
import { createEventReader } from "../../../shared/wire/event-stream.ts";
import { formatStageCEnd } from "../../../shared/wire/stage-c-events.ts";
import { isSecondSince } from "../support/clock.ts";
import { firstBase64, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for the tiny bundle and its six steps. */
const made = 18;
const generated = made + 3;
const hit = 18;

interface Sent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

beforeEach(() => {
  backend.streamEnd = undefined;
  backend.behaviour = "works";
});

async function newAccount(account: string, creditMicroUsd = 1_000) {
  const key = await edge.createKey(account, creditMicroUsd);
  return { key, balances: () => edge.ledger(account).balances() };
}

function readEvents(text: string): Sent[] {
  return createEventReader()
    .push(text)
    .map(({ event, data }) => ({ event, data: JSON.parse(data) }));
}

async function stream(key: string, body: object, headers: Record<string, string> = {}): Promise<Sent[]> {
  const response = await edge.post(key, { prompt: "apple", stream: true, ...body }, headers);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return readEvents(await response.text());
}

const partial = "image_generation.partial_image";
const completed = "image_generation.completed";

test("a stream shows partial images and then the picture, in OpenAI's shape, charged as without it", async () => {
  const { key, balances } = await newAccount("stream-whole");
  const beganMs = edge.nowMs;
  const events = await stream(key, { seed: 5, partial_images: 2, output_format: "webp" });
  expect(events.map(({ event }) => event)).toEqual([partial, partial, completed]);
  const common = {
    created_at: expect.toSatisfy(isSecondSince(beganMs)),
    size: "64x64",
    quality: "auto",
    background: "opaque",
    output_format: "webp",
    seed: 5,
    latent_id: expect.stringMatching(/^[0-9a-f]{64}$/u),
  };
  const shown = [2, 4].map((step) => btoa(`preview ${step}`));
  expect(events.slice(0, 2).map(({ data }) => data)).toEqual(
    shown.map((b64_json, index) => ({ type: partial, b64_json, partial_image_index: index, ...common })),
  );
  const last = events[2]?.data;
  expect(last).toMatchObject({ type: completed, ...common, tier: "generated", warnings: [] });
  expect(last?.["usage"]).toMatchObject({ input_tokens: 3, cost: { micro_usd: generated }, pictures: [{ seed: 5 }] });
  expect(await balances()).toMatchObject({ held: 0, spent: generated });
  const plain = await edge.generate(key, { prompt: "apple", seed: 5, output_format: "webp" });
  expect(firstBase64(plain)).toBe(last?.["b64_json"]);
});

test.each([0, 1, 3])("%d partial images are as many", async (count) => {
  const { key } = await newAccount(`stream-${count}`);
  const events = await stream(key, { partial_images: count });
  expect(events.map(({ event }) => event)).toEqual([...Array(count).fill(partial), completed]);
});

test("a picture whose latent is stored comes without partial images, at the price of a hit", async () => {
  const { key, balances } = await newAccount("stream-stored");
  await edge.generate(key, { prompt: "apple", seed: 6 });
  const events = await stream(key, { seed: 6, partial_images: 3 });
  expect(events.map(({ event, data }) => [event, data["tier"]])).toEqual([[completed, "image"]]);
  expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
});

test("of several pictures each has its own events, and their usages add up to what was charged", async () => {
  const { key, balances } = await newAccount("stream-several");
  const events = await stream(key, { seed: 20, n: 2, partial_images: 1 });
  const seeds = (kind: string) => events.filter(({ event }) => event === kind).map(({ data }) => data["seed"]);
  expect([seeds(partial).toSorted(), seeds(completed)]).toEqual([
    [20, 21],
    [20, 21],
  ]);
  const usages = events.flatMap(({ data }) => (data["usage"] as { cost: { micro_usd: number } } | undefined) ?? []);
  const sum = usages.reduce((total, { cost }) => total + cost.micro_usd, 0);
  expect(await balances()).toMatchObject({ held: 0, spent: sum });
});

test("two who stream the same picture at once share one run, and both see it come about", async () => {
  const { key, balances } = await newAccount("stream-shared");
  const { reached, release } = backend.hold("/stage-c");
  const { length } = backend.jobs;
  const streams = [1, 2].map(() => stream(key, { seed: 7, partial_images: 1 }));
  await reached;
  while ((await balances()).held < 2 * generated) await Promise.resolve();
  await new Promise<void>((resolve) => setImmediate(resolve));
  release();
  for (const events of await Promise.all(streams)) {
    expect(events.map(({ event }) => event)).toEqual([partial, completed]);
  }
  expect(backend.jobs.length - length).toBe(1);
  expect(await balances()).toMatchObject({ held: 0, spent: generated + hit });
});

test("a repeat by its idempotency key gives the picture again and is charged once", async () => {
  const { key, balances } = await newAccount("stream-repeat");
  const headers = { "idempotency-key": "a-stream" };
  const first = await stream(key, { partial_images: 1 }, headers);
  const again = await stream(key, { partial_images: 1 }, headers);
  expect(again.map(({ event }) => event)).toEqual([completed]);
  expect(again[0]?.data["b64_json"]).toBe(first.at(-1)?.data["b64_json"]);
  expect(await balances()).toMatchObject({ held: 0, spent: generated });
});

test.each([
  ["stream-no-credit", 5, {}, 402, null],
  ["stream-wrong-size", 1_000, { size: "65x65" }, 400, "size"],
  ["stream-links", 1_000, { response_format: "url" }, 400, "response_format"],
  ["stream-too-many", 1_000, { partial_images: 4 }, 400, "partial_images"],
])("what fails before anything can be told has its usual status: %s", async (account, credit, body, status, param) => {
  const { key, balances } = await newAccount(account, credit);
  const response = await edge.post(key, { prompt: "apple", stream: true, ...body });
  const { error } = await response.json<{ error: { param: string | null } }>();
  expect([response.status, error.param]).toEqual([status, param]);
  expect(await balances()).toMatchObject({ available: credit, held: 0, spent: 0 });
});

test("a busy backend is a 429 that says when to come back", async () => {
  const { key } = await newAccount("stream-busy");
  backend.behaviour = () => Response.json({}, { status: 429, headers: { "retry-after": "7" } });
  const response = await edge.post(key, { prompt: "apple", stream: true, seed: 8 });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
  await response.body?.cancel();
});

test.each([
  ["fails", () => formatStageCEnd({ ok: false, error: { code: "backend_failed" } }), "backend_failed"],
  ["breaks off", () => "", "backend_unavailable"],
])("a run that %s after its first step ends the stream with an error and costs nothing", async (how, end, code) => {
  const { key, balances } = await newAccount(`stream-${how.replace(" ", "-")}`);
  backend.streamEnd = end();
  const events = await stream(key, { partial_images: 1 });
  const last = events.at(-1);
  expect(last?.event).toBe("error");
  expect(last?.data["error"]).toEqual({ message: expect.any(String), type: "server_error", param: null, code });
  expect(await balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
});

test("a reader that leaves in the middle is charged for the latent that was stored by then, and for nothing else", async () => {
  const { key, balances } = await newAccount("stream-left");
  const { reached, release } = backend.hold("/decode");
  const response = await edge.post(key, { prompt: "apple", seed: 9, stream: true, partial_images: 1 });
  const reader = response.body?.getReader();
  await reader?.read();
  await reached;
  await reader?.cancel();
  release();
  while ((await balances()).held > 0) await Promise.resolve();
  expect(await balances()).toMatchObject({ held: 0, spent: made });
});

test("a picture's own bytes cannot be asked for beside a stream", async () => {
  const { key } = await newAccount("stream-bytes");
  const response = await edge.post(key, { prompt: "apple", stream: true }, { accept: "image/png" });
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("'stream'")]);
});

test("while nothing can be told yet the stream says that it lives, and what fails then is an event", async () => {
  const { key, balances } = await newAccount("stream-waiting");
  const { reached, release } = backend.hold("/stage-c");
  const answer = edge.post(key, { prompt: "apple", seed: 10, stream: true, partial_images: 1 });
  await reached;
  const { nextTimeout } = edge;
  edge.nextTimeout = new AbortController();
  nextTimeout.abort();
  const response = await answer;
  expect(response.status).toBe(200);
  backend.behaviour = "unreachable";
  release();
  const text = await response.text();
  expect(text).toMatch(/^: waiting\n\n/u);
  expect(readEvents(text).map(({ event, data }) => [event, data["error"]])).toEqual([
    ["error", expect.objectContaining({ code: "backend_unavailable" })],
  ]);
  expect(await balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
});

test("readers that leave again and again do not make a backend look unwell", async () => {
  const { key } = await newAccount("stream-leaving");
  backend.streamEnd = formatStageCEnd({ ok: false, error: { code: "job_cancelled" } });
  for (let seed = 40; seed < 44; seed += 1) await stream(key, { seed });
  backend.streamEnd = undefined;
  expect((await stream(key, { seed: 44 })).map(({ event }) => event)).toEqual([completed]);
});
