import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { createEventReader } from "../../shared/wire/event-stream.ts";
import { metricOf } from "../support/backend.ts";
import { lastingSteps, useLastingBundle } from "../support/lasting-tasks.ts";
import { useTinyEdge } from "../support/tiny-edge.ts";

// The real Worker in workerd and the real backend; clients that close their sockets.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle at so many steps: the generation, its storage, the decode. */
const steps = lastingSteps;
const generation = 2_800;
const whole = generation + 1 + 3;

const started = useTinyEdge({}, useLastingBundle());

function post(path: string, body: object, signal: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${started().edge.apiKey}`, "content-type": "application/json" };
  return fetch(`${started().edge.url}${path}`, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** A plain POST on a socket of its own. workerd notices that it is reset; a close might be half of one only. */
function openRequest(path: string, body: object): Socket {
  const { hostname, port, host } = new URL(started().edge.url);
  const json = JSON.stringify(body);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${started().edge.apiKey}\r\n` +
      `content-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  );
  return socket;
}

/** When all that clients left behind has ended. */
async function settled(): Promise<BalanceResponse> {
  await expect
    .poll(async () => (await started().edge.balance()).held_micro_usd, { timeout: 120_000, interval: 100 })
    .toBe(0);
  return started().edge.balance();
}

const cancelled = () => metricOf(started().backend, 'jobs_total{kind="stage-c",outcome="job_cancelled"}');

/** Reads a stream up to its third preview, and hangs up. */
async function leaveAfterPreviews(body: object): Promise<void> {
  const client = new AbortController();
  const response = await post("/v1/images/generations", { ...body, stream: true, partial_images: 3 }, client.signal);
  const reader = createEventReader();
  const decoder = new TextDecoder();
  let previews = 0;
  for await (const chunk of response.body ?? []) {
    const events = reader.push(decoder.decode(chunk, { stream: true }));
    previews += events.filter(({ event }) => event === "image_generation.partial_image").length;
    if (previews >= 3) break;
  }
  client.abort();
  expect(previews).toBe(3);
}

test(
  "a stream whose reader hangs up after its previews is charged the steps that were run for them, and no more than all",
  async () => {
    const before = (await settled()).spent_micro_usd;
    const streams = 4;
    for (let seed = 0; seed < streams; seed += 1) await leaveAfterPreviews({ prompt: "apple", steps, seed });
    const spent = (await settled()).spent_micro_usd - before;
    expect(spent).toBeGreaterThanOrEqual(streams * Math.ceil(generation * 0.75));
    expect(spent).toBeLessThanOrEqual(streams * whole);
  },
  testMsMax,
);

test(
  "a plain request whose client resets its connection is stopped at the backend, and charged for what had run",
  async () => {
    const before = { spent: (await settled()).spent_micro_usd, cancelled: await cancelled() };
    const client = openRequest("/v1/images/generations", { prompt: "apple", n: 2, steps, seed: 1_000 });
    await expect
      .poll(() => metricOf(started().backend, "queue_depth"), { timeout: 120_000, interval: 1 })
      .toBeGreaterThan(0);
    client.resetAndDestroy();
    const spent = (await settled()).spent_micro_usd - before.spent;
    expect(await cancelled()).toBeGreaterThan(before.cancelled);
    expect(spent).toBeLessThan(2 * whole);
  },
  testMsMax,
);
