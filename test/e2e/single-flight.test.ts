import { expect, test } from "vitest";
import { metricOf } from "../support/backend.ts";
import { useHeldEdge } from "../support/tiny-edge.ts";

// The real Worker in workerd, the real backend in Node, real HTTP between them; only the bundle is a small one.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle: a picture that is made, and one whose latent was there. */
const generated = 21;
const hit = 18;

const held = useHeldEdge();

async function generate(body: object, idempotencyKey: string): Promise<{ status: number; picture: unknown }> {
  const headers = { "idempotency-key": idempotencyKey };
  const response = await held().edge.send("POST", "/v1/images/generations", body, headers);
  const answer = (await response.json()) as { data?: { b64_json: string }[] };
  return { status: response.status, picture: answer.data?.[0]?.b64_json };
}

/** What the backend has done since it started. */
async function workDone() {
  const { backend } = held();
  const count = (name: string) => metricOf(backend, name);
  return { stageC: await count("stage_c_runs_total"), decodes: await count("decodes_total") };
}

/** Lets the account have so many requests under way, which is more than by default. */
async function letIn(requests: number): Promise<void> {
  const { url, adminSecret } = held().edge;
  const answer = await fetch(`${url}/v1/admin/accounts/development`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
    body: JSON.stringify({ concurrency_max: requests }),
  });
  expect(answer.status).toBe(200);
}

const keys = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

test(
  "200 identical requests over HTTP at once are one Stage C run, one decode, 200 equal pictures and an exact bill",
  async () => {
    await letIn(200);
    const body = { prompt: "apple", seed: 1 };
    const answers = await Promise.all(keys(200, "a").map((key) => generate(body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ picture }) => picture)).size).toBe(1);
    expect(await workDone()).toEqual({ stageC: 1, decodes: 1 });
    expect(await held().edge.balance()).toMatchObject({ held_micro_usd: 0, spent_micro_usd: generated + 199 * hit });
  },
  testMsMax,
);

test(
  "a Worker that is killed in mid-job loses nothing: clients that ask again are answered, by the same run, and pay once",
  async () => {
    const { edge, proxy } = held();
    const body = { prompt: "apple", seed: 2 };
    const before = { work: await workDone(), spent: (await edge.balance()).spent_micro_usd };
    const { reached, release } = proxy.hold("/stage-c");
    const lost = keys(20, "b").map((key) => generate(body, key).catch(() => undefined));
    await reached;
    await edge.kill();
    await Promise.all(lost);
    release();
    await edge.restart();

    const answers = await Promise.all(keys(20, "b").map((key) => generate(body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ picture }) => picture)).size).toBe(1);
    const { stageC, decodes } = await workDone();
    expect({ stageC, decodes }).toEqual({ stageC: before.work.stageC + 1, decodes: before.work.decodes + 1 });
    const { held_micro_usd, spent_micro_usd } = await edge.balance();
    expect({ held_micro_usd, spent: spent_micro_usd - before.spent }).toEqual({
      held_micro_usd: 0,
      spent: generated + 19 * hit,
    });
  },
  testMsMax,
);
