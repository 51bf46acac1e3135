import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { verifiedFileBytesMax } from "../../shared/limits.ts";
import { useTinyEdge } from "../support/tiny-edge.ts";
import { sendUnfinished, type Unfinished } from "../support/unfinished-request.ts";

const testMsMax = 600_000;

const started = useTinyEdge();

function unfinishedFile(): Unfinished {
  const headers = { "content-type": "image/png" };
  return sendUnfinished({ url: `${started().edge.url}/v1/verify`, headers, bytes: verifiedFileBytesMax });
}

async function statusOfVerify(): Promise<number> {
  const body = new Uint8Array(verifiedFileBytesMax);
  const answer = await fetch(`${started().edge.url}/v1/verify`, {
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

    const paid = await started().edge.send("POST", "/v1/images/generations", { prompt: "apple", seed: 1 });
    expect(paid.status).toBe(200);
    await paid.arrayBuffer();

    for (const { leave } of requests) leave();
    while ((await statusOfVerify()) !== 200) await nextTurn();
  },
  testMsMax,
);
