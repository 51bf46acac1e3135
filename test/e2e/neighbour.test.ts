import { expect, test } from "vitest";
import { metricOf } from "../support/backend.ts";
import { openAccount } from "../support/open-account.ts";
import { useTinyEdge } from "../support/tiny-edge.ts";

const testMsMax = 600_000;
const noisyRequests = 8;

const started = useTinyEdge({ QUEUE_JOBS_MAX: "64", PICTURES_TOGETHER_MAX: "2" });

async function generate(apiKey: string, body: object): Promise<number> {
  const answer = await fetch(`${started().edge.url}/v1/images/generations`, {
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
    const key = await openAccount(started().edge, "neighbour", 1_000_000);
    const noisy: number[] = [];
    const ended = Promise.all(
      Array.from({ length: noisyRequests }, async (_, index) => {
        noisy.push(await generate(started().edge.apiKey, { n: 10, seed: 1_000 * (index + 1) }));
      }),
    );
    while ((await metricOf(started().backend, "queue_waiting_jobs")) < 20);
    expect(await generate(key, { seed: 7 })).toBe(200);
    // Served in the order of their coming, every picture that was let in would have come before.
    expect(noisy.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    await ended;
    expect(noisy.every((status) => status === 200 || status === 429)).toBe(true);
    expect(noisy).toContain(200);
  },
  testMsMax,
);
