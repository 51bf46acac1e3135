import { expect, test } from "vitest";
import { createLatentRuns, type LatentRunClient } from "../../../workers/single-flight/client.ts";
import { latentRequest } from "../support/latent-request.ts";

test("who has left does not ask the next object when the one that they asked ends", async () => {
  const client = new AbortController();
  let asked = 0;
  const object: LatentRunClient = {
    async obtain() {
      asked += 1;
      client.abort();
      throw Object.assign(new TypeError("gone"), { retryable: true });
    },
    leave: async () => undefined,
  };
  const runs = createLatentRuns({ getByName: () => object }, () => "waiter");
  const outcome = await runs.obtain({ request: latentRequest, signal: client.signal });
  expect(outcome).toEqual({ ok: false, error: { code: "job_cancelled" } });
  expect(asked).toBe(1);
});
