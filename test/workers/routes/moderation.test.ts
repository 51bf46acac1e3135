import { expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";

test("a refused prompt is 400, costs nothing, wakes nothing, takes no turn, and is in no log", async () => {
  const edge = new TestEdge({ MODERATION: "deny-list", MODERATION_DENY_LIST: "apple" });
  const account = `refused-${crypto.randomUUID()}`;
  const key = await edge.createKey(account, 1_000);
  const response = await edge.post(key, { prompt: "a red Apple" });
  expect(response.status).toBe(400);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({
    error: { code: "content_policy_violation", type: "invalid_request_error", param: "prompt" },
  });
  expect(edge.backend.transcript).toEqual([]);
  expect(await edge.ledger(account).balances()).toEqual({ granted: -1_000, available: 1_000, held: 0, spent: 0 });
  expect([text, ...edge.logLines].join().toLowerCase()).not.toContain("red apple");
  expect((await edge.post(key, { prompt: "a red dog", negative_prompt: "apple" })).status).toBe(200);
});

test("a prompt that cannot be checked is 502 and may be tried again", async () => {
  const AI = { run: () => Promise.reject(new TypeError("away")) };
  const edge = new TestEdge({ MODERATION: "llama-guard", AI });
  const response = await edge.post(await edge.createKey(), { prompt: "apple" });
  expect(response.status).toBe(502);
  expect(response.headers.get("x-should-retry")).toBe("true");
  expect(edge.backend.transcript).toEqual([]);
});
