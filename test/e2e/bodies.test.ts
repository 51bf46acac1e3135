import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifiedFileBytesMax } from "../../shared/limits.ts";
import { type Backend, startBackend } from "../support/backend.ts";
import { startTinyEdge, type TinyEdge } from "../support/tiny-edge.ts";
import { sendUnfinished, type Unfinished } from "../support/unfinished-request.ts";

const testMsMax = 600_000;

let backend: Backend;
let edge: TinyEdge;

beforeAll(async () => {
  backend = await startBackend();
  edge = await startTinyEdge(backend.url);
}, testMsMax);

afterAll(async () => {
  await edge.stop();
  await backend.stop();
}, testMsMax);

function unfinishedFile(): Unfinished {
  const headers = { "content-type": "image/png" };
  return sendUnfinished({ url: `${edge.url}/v1/verify`, headers, bytes: verifiedFileBytesMax });
}

async function statusOfVerify(): Promise<number> {
  const body = new Uint8Array(verifiedFileBytesMax);
  const answer = await fetch(`${edge.url}/v1/verify`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}

test(
  "of twelve unfinished files of 16 MiB from one address eleven are refused, who has a key goes on, and the room comes back",
  async () => {
    const requests = Array.from({ length: 12 }, unfinishedFile);
    const ended: (number | undefined)[] = [];
    for (const { status } of requests) void status.then((value) => ended.push(value));
    while (ended.length < 11) await nextTurn();
    // A connection that is closed while it is still being written to may lose its answer.
    expect(ended.every((status) => status === 429 || status === undefined)).toBe(true);
    expect(ended).toContain(429);

    const paid = await edge.send("POST", "/v1/images/generations", { prompt: "apple", seed: 1 });
    expect(paid.status).toBe(200);
    await paid.arrayBuffer();

    for (const { leave } of requests) leave();
    while ((await statusOfVerify()) !== 200) await nextTurn();
  },
  testMsMax,
);
