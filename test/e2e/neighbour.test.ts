import { afterAll, beforeAll, expect, test } from "vitest";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../../workers/auth/api-key.ts";
import { type Backend, metricOf, startBackend } from "../support/backend.ts";
import { startTinyEdge, type TinyEdge } from "../support/tiny-edge.ts";

const testMsMax = 600_000;
const noisyRequests = 8;

let backend: Backend;
let edge: TinyEdge;

beforeAll(async () => {
  backend = await startBackend({ QUEUE_JOBS_MAX: "64", PICTURES_TOGETHER_MAX: "2" });
  edge = await startTinyEdge(backend.url);
}, testMsMax);

afterAll(async () => {
  await edge.stop();
  await backend.stop();
}, testMsMax);

async function order(method: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${edge.url}/v1/admin/accounts/neighbour${path}`, {
    method,
    headers: { authorization: `Bearer ${edge.adminSecret}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new TypeError(await answer.text());
}

/** A key of another account than the edge's own. */
async function neighboursKey(): Promise<string> {
  const key = await formatApiKey(crypto.getRandomValues(new Uint8Array(apiKeyRandomBytes)));
  await order("PUT", "", { name: "Neighbour" });
  await order("POST", "/keys", { sha256: await hashApiKey(key) });
  await order("POST", "/grants", { grant_id: "first", micro_usd: 1_000_000 });
  return key;
}

async function generate(apiKey: string, body: object): Promise<number> {
  const answer = await fetch(`${edge.url}/v1/images/generations`, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "apple", steps: 100, ...body }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

test(
  "one account's ten pictures at a time, eight times at once, neither refuse its neighbour's one nor let it wait for them",
  async () => {
    const key = await neighboursKey();
    const noisy: number[] = [];
    const ended = Promise.all(
      Array.from({ length: noisyRequests }, async (_, index) => {
        noisy.push(await generate(edge.apiKey, { n: 10, seed: 1_000 * (index + 1) }));
      }),
    );
    while ((await metricOf(backend, "queue_waiting_jobs")) < 20);
    expect(await generate(key, { seed: 7 })).toBe(200);
    // Served in the order of their coming, every picture that was let in would have come before.
    expect(noisy.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    await ended;
    expect(noisy.every((status) => status === 200 || status === 429)).toBe(true);
    expect(noisy).toContain(200);
  },
  testMsMax,
);
