import { expect, test } from "vitest";
import { createGpuClient, type GpuClient } from "../../../workers/gpu/gpu-client.ts";
import { manifest } from "../support/tiny-bundle.ts";

// A backend that is broken, or not ours, answers without end. What the edge holds of it must be bounded for every kind.

const pieceBytes = 1024 * 1024;

/** An answer of this status and type that never ends, and the megabytes that were taken from it. */
function endlessBackend(status: number, contentType: string) {
  const seen = { megabytes: 0 };
  const piece = new Uint8Array(pieceBytes).fill(97);
  const fetch = async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        seen.megabytes += 1;
        controller.enqueue(piece);
      },
    });
    return new Response(body, { status, headers: { "content-type": contentType } });
  };
  const client = createGpuClient({
    backends: [{ url: "https://gpu.test" }],
    secret: "s".repeat(32),
    fetch,
    nowMs: () => Date.now(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeout: () => new AbortController().signal,
    log: () => {},
    manifestOf: async () => manifest,
  });
  return { client, seen };
}

const payer = { account: "account-1", reservationId: "reservation-1" };
const conditions = { priority: "interactive", payer, signal: new AbortController().signal } as const;
const of = { model: "tiny", revision: "any" };
const file = new Uint8Array(16);
const stageC = {
  model: manifest.id,
  revision: manifest.revision,
  tokenIds: [2],
  negativeTokenIds: [2],
  seeds: [1],
  steps: 6,
  guidanceScale: 3,
  latentShape: [16, 4, 4] as [number, number, number],
};

const calls: readonly (readonly [string, (client: GpuClient) => Promise<unknown>])[] = [
  ["a Stage C run", (client) => client.runStageC(stageC, conditions)],
  ["a Stage C run with events", (client) => client.runStageC(stageC, { ...conditions, onEvent: () => {} })],
  ["a decode", (client) => client.decodeLatent({ latent: file, options: { format: "png" } }, conditions)],
  [
    "an encoded picture",
    (client) => client.encodeImage({ ...of, file, shareKey: "a-key-of-one-account", size: "64x64" }, conditions),
  ],
  ["an encoded mask", (client) => client.encodeMask({ ...of, file, size: "64x64" })],
];

const kinds: readonly (readonly [status: number, contentType: string])[] = [
  [200, "application/json"],
  [200, "text/event-stream"],
  [200, "image/png"],
  [400, "application/json"],
  [429, "text/plain"],
  [502, "text/html"],
];

test.each(calls.flatMap(([name, call]) => kinds.map((kind) => [name, ...kind, call] as const)))(
  "%s whose answer of %i %s never ends fails after what such an answer may have",
  async (_name, status, contentType, call) => {
    const { client, seen } = endlessBackend(status, contentType);
    expect(await call(client)).toMatchObject({ ok: false });
    expect(seen.megabytes).toBeLessThanOrEqual(36 * 3);
  },
);

test("a health check whose answer never ends says that the backend is away", async () => {
  const { client, seen } = endlessBackend(200, "application/json");
  expect(await client.health()).toEqual([undefined]);
  expect(seen.megabytes).toBeLessThan(4);
});
