import { connect } from "node:net";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signatureHeaders } from "../../../shared/wire/request-signature.ts";
import {
  type Backend,
  decodeDraft,
  metricOf,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { type Malformed, malformedRequest, soundLatent } from "../../support/malformed-requests.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const requests = 5_000;
const testMsMax = 180_000;

let backend: Backend;

beforeAll(async () => {
  // Little room for garbage, so that memory that grows is memory that is held.
  backend = await startBackend({ NODE_OPTIONS: "--max-semi-space-size=1 --max-old-space-size=48" });
});

afterAll(() => backend.stop());

/** The last answer to a malformed request. */
async function answerTo({ draft, tampering, method = "POST" }: Malformed): Promise<Response> {
  const headers = await signedHeaders(draft);
  const deliver = (url: string, body: Uint8Array<ArrayBuffer>) =>
    fetch(url, { method, headers, body, redirect: "manual" });
  const url = `${backend.url}${draft.target}`;
  if (tampering === "no signature") for (const name of Object.values(signatureHeaders)) delete headers[name];
  if (tampering === "broken signature") headers[signatureHeaders.signature] = "0".repeat(64);
  if (tampering === "replay") await (await deliver(url, draft.body)).arrayBuffer();
  if (tampering === "other query") return deliver(`${url}${url.includes("?") ? "&" : "?"}priority=batch`, draft.body);
  if (tampering === "other body") return deliver(url, Uint8Array.from([...draft.body, 0x20]));
  return deliver(url, draft.body);
}

/** Bytes that the server's process, and the one that computes, hold. */
async function residentBytes(): Promise<{ readonly server: number; readonly lane: number }> {
  const read = (name: string) => metricOf(backend, name);
  return { server: await read("process_resident_memory_bytes"), lane: await read("lane_resident_memory_bytes") };
}

const documented = {
  message: expect.stringMatching(/^[^\n]{10,400}$/u),
  type: "invalid_request_error",
  code: expect.stringMatching(/^[a-z_]+$/u),
};

async function refuseAll(count: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(malformedRequest, async (malformed) => {
      const response = await answerTo(malformed);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(response.headers.get("content-type")).toMatch(/^application\/json/u);
      const { error } = (await response.json()) as { error: Record<string, unknown> };
      expect(error).toEqual({ ...documented, param: error["param"] });
      if (malformed.tampering !== "none") expect(error["code"]).toBe("invalid_signature");
    }),
    { numRuns: count, seed, endOnFailure: true },
  );
}

async function doSoundWork(): Promise<void> {
  expect((await send(backend, stageCDraft(tinyRequest))).status).toBe(200);
  expect((await send(backend, decodeDraft(soundLatent))).status).toBe(200);
}

test(
  `${requests} malformed requests are each refused in the documented form, and leave no trace but their log lines`,
  async () => {
    await doSoundWork();
    // Code is compiled and buffers are taken in the beginning; growth is what comes after.
    await refuseAll(1_000, 1);
    const before = await residentBytes();
    await refuseAll(requests - 1_000, 2);
    const after = await residentBytes();
    await doSoundWork();

    expect(after.server / before.server).toBeLessThan(1.15);
    expect(after.lane / before.lane).toBeLessThan(1.05);
    expect(backend.logged("unhandled")).toEqual([]);
    expect(backend.logged("task failed")).toEqual([]);
    expect(backend.logged("lane ready")).toHaveLength(1);
  },
  testMsMax,
);

test.each([
  "\r\n\r\n",
  "GET\r\n\r\n",
  "POST /stage-c HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
  "POST /stage-c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /stage-c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
  `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
])("bytes that are no HTTP request are refused and their connection ends: %#", async (bytes) => {
  const { hostname, port } = new URL(backend.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.end(bytes);
  // What was not read yet when the server had seen enough ends in a reset.
  const answer = await text(socket).catch(() => "");
  expect(answer === "" || answer.startsWith("HTTP/1.1 4")).toBe(true);
  expect((await fetch(`${backend.url}/health/ready`)).status).toBe(200);
});
