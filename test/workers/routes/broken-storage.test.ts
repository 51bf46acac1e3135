import { expect, test } from "vitest";
import type { WorkerEnv } from "../../../workers/env.ts";
import { TestEdge } from "../support/test-edge.ts";

/** Storage that fails in this way or that, with words that nobody outside may read. */
function failing(): never {
  throw new TypeError("secret detail of the storage");
}

const unknownLatent = `/v1/latents/${"0".repeat(64)}`;

type Ask = (edge: TestEdge, key: string) => Promise<Response>;

const generate: Ask = (edge, key) => edge.post(key, { prompt: "apple", seed: 1 });
const interpolate: Ask = (edge, key) =>
  edge.fetch(`${unknownLatent}/interpolate`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ with: "1".repeat(64), weight: 0.5 }),
  });
const readLatent: Ask = (edge, key) => edge.get(key, unknownLatent);

async function answerOf(overrides: (env: WorkerEnv) => Partial<WorkerEnv>, ask = generate, terms: object = {}) {
  const working = new TestEdge();
  const key = await working.createKey(undefined, undefined, terms);
  const edge = new TestEdge(overrides(working.env));
  const response = await ask(edge, key);
  return { edge, response, body: await response.text() };
}

const brokenLatents = () => ({ LATENTS: { get: failing } as never });
const brokenRuns = () => ({ LATENT_JOBS: { getByName: failing } });

test.each([
  ["keys cannot be read", () => ({ API_KEYS: { get: failing } as never }), generate],
  ["latents cannot be read", brokenLatents, readLatent],
  ["latents cannot be read before money is held", brokenLatents, interpolate],
  ["runs cannot be begun", brokenRuns, generate],
])("when %s, it is our fault and not the caller's, and nobody learns more", async (_, overrides, ask) => {
  const { edge, response, body } = await answerOf(overrides, ask);
  expect(response.status).toBe(500);
  expect(response.headers.get("x-should-retry")).toBe("false");
  expect(response.headers.get("x-request-id")).toMatch(/^req_/u);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(JSON.parse(body)).toMatchObject({ error: { code: "internal", type: "server_error", param: null } });
  expect([body, ...edge.logLines].join()).not.toContain("secret detail");
});

test("a refused key hears its refusal, whatever broke meanwhile", async () => {
  const { response, body } = await answerOf(brokenLatents, interpolate, { scopes: ["read"] });
  expect(response.status).toBe(403);
  expect(JSON.parse(body)).toMatchObject({ error: { code: "insufficient_scope" } });
});

test("the log says where it broke, under the id that the caller was given", async () => {
  const { edge, response } = await answerOf(() => ({ API_KEYS: { get: failing } as never }));
  const entries: unknown[] = edge.logLines.map((line) => JSON.parse(line));
  const requestId = response.headers.get("x-request-id");
  expect(entries).toContainEqual(
    expect.objectContaining({ event: "unexpected_error", error: "TypeError", request_id: requestId }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ event: "request", status: 500, code: "internal" }));
});

test("a picture that cannot be decoded is a failure of the request, and its latent is kept for the next", async () => {
  const edge = new TestEdge();
  const key = await edge.createKey();
  const { fetch } = edge.backend;
  let isDecodeBroken = true;
  const partly = new TestEdge({}, (url, init) =>
    isDecodeBroken && url.includes("/decode") ? Promise.resolve(new Response("", { status: 500 })) : fetch(url, init),
  );
  expect((await partly.post(key, { prompt: "apple", seed: 1 })).status).toBe(502);
  isDecodeBroken = false;
  const answer = await partly.generate(key, { prompt: "apple", seed: 1 });
  expect(answer.data[0]?.tier).toBe("latent");
  expect(edge.backend.jobs).toHaveLength(1);
});
