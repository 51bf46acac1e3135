import { expect, test } from "vitest";
import { err, ok } from "../../../shared/result.ts";
import { createRecentRefusals } from "../../../workers/generation/recent-refusals.ts";
import { TestEdge } from "../support/test-edge.ts";

const payer = { account: "a", priority: "interactive" } as const;
const overloaded = (retryAfterSeconds: number) => err({ code: "backend_overloaded", retryAfterSeconds } as const);

function setUp() {
  const clock = { nowMs: 1_000_000 };
  return { clock, refusals: createRecentRefusals(() => clock.nowMs) };
}

test("an account is refused again for half of the time that the backend named, and told what is left of it", () => {
  const { clock, refusals } = setUp();
  refusals.note(payer, overloaded(8));
  clock.nowMs += 3_000;
  expect(refusals.of(payer)).toEqual({ code: "backend_overloaded", retryAfterSeconds: 5 });
  clock.nowMs += 1_000;
  expect(refusals.of(payer)).toBeUndefined();
});

test("neither another account nor another class of its own requests is refused for it", () => {
  const { refusals } = setUp();
  refusals.note(payer, overloaded(8));
  expect(refusals.of({ ...payer, account: "b" })).toBeUndefined();
  expect(refusals.of({ ...payer, priority: "batch" })).toBeUndefined();
});

test("no other end of a request is remembered, and none for longer than ten seconds", () => {
  const { clock, refusals } = setUp();
  refusals.note(payer, ok("pictures"));
  refusals.note(payer, err({ code: "backend_unavailable" }));
  expect(refusals.of(payer)).toBeUndefined();
  refusals.note(payer, overloaded(3_600));
  clock.nowMs += 10_000;
  expect(refusals.of(payer)).toBeUndefined();
});

test("a request that meets a refusal of a moment ago wakes no backend, while pictures at hand and repeats are served", async () => {
  const edge = new TestEdge();
  const { backend } = edge;
  const key = await edge.createKey();
  await edge.generate(key, { prompt: "apple", seed: 1 });
  backend.behaviour = () => new Response("", { status: 429, headers: { "retry-after": "8" } });
  expect((await edge.post(key, { prompt: "apple", seed: 2 })).status).toBe(429);
  const asked = backend.transcript.length;
  const again = await edge.post(key, { prompt: "apple", seed: 3 });
  expect([again.status, again.headers.get("retry-after"), again.headers.get("x-should-retry")]).toEqual([
    429,
    "8",
    "true",
  ]);
  expect(backend.transcript.length).toBe(asked);
  expect((await edge.post(key, { prompt: "apple", seed: 1 })).status).toBe(200);
  backend.behaviour = "works";
  const repeat = await edge.post(key, { prompt: "apple", seed: 3 }, { "x-stainless-retry-count": "1" });
  expect(repeat.status).toBe(200);
});
