import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevelopmentAccount } from "../../scripts/local-account.ts";
import { keptApiKey, randomSecret } from "../../scripts/local-state.ts";
import { type LocalWorker, startLocalWorker } from "../../scripts/local-worker.ts";
import { freePort } from "../../scripts/ports.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { type Backend, backendSecret, startBackend } from "../support/backend.ts";
import { type HoldingProxy, startHoldingProxy } from "../support/holding-proxy.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

// The real Worker in workerd, the real backend in Node, real HTTP between them; only the bundle is a small one.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle: a picture that is made, and one whose latent was there. */
const generated = 21;
const hit = 18;

const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-single-flight-"));
const adminSecret = randomSecret();
const secrets = {
  GPU_BACKEND_SECRET: backendSecret,
  LATENT_KEY_SECRET: randomSecret(),
  IMAGE_URL_SECRET: randomSecret(),
  ADMIN_SECRET: adminSecret,
};
let backend: Backend;
let proxy: HoldingProxy;
let worker: LocalWorker;
let apiKey: string;

async function startWorker(): Promise<void> {
  worker = await startLocalWorker({
    ...{ root: join(import.meta.dirname, "../.."), port: await freePort(0, "PORT"), stateFolder, secrets },
    ...{ bundle: tinyDirectory, backendUrl: proxy.url, verbose: false },
  });
}

beforeAll(async () => {
  backend = await startBackend();
  proxy = await startHoldingProxy(backend.url);
  apiKey = await keptApiKey({ folder: stateFolder, release: () => {} });
  await startWorker();
  await openDevelopmentAccount(worker.url, { adminSecret, apiKey });
}, testMsMax);

afterAll(async () => {
  await worker.stop();
  await proxy.stop();
  await backend.stop();
  rmSync(stateFolder, { recursive: true, force: true });
}, testMsMax);

async function generate(body: object, idempotencyKey: string): Promise<{ status: number; picture: unknown }> {
  const response = await fetch(`${worker.url}/v1/images/generations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${apiKey}`,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey,
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { data?: { b64_json: string }[] };
  return { status: response.status, picture: answer.data?.[0]?.b64_json };
}

async function balance(): Promise<BalanceResponse> {
  const response = await fetch(`${worker.url}/v1/balance`, { headers: { authorization: `Bearer ${apiKey}` } });
  return (await response.json()) as BalanceResponse;
}

/** What the backend has done since it started. */
async function workDone() {
  const metrics = await (await fetch(`${backend.url}/metrics`)).text();
  const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "mu").exec(metrics)?.[1]);
  return { stageC: count("stage_c_runs_total"), decodes: count("decodes_total") };
}

const keys = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

test(
  "200 identical requests over HTTP at once are one Stage C run, one decode, 200 equal pictures and an exact bill",
  async () => {
    const body = { prompt: "apple", seed: 1 };
    const answers = await Promise.all(keys(200, "a").map((key) => generate(body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ picture }) => picture)).size).toBe(1);
    expect(await workDone()).toEqual({ stageC: 1, decodes: 1 });
    expect(await balance()).toMatchObject({ held_micro_usd: 0, spent_micro_usd: generated + 199 * hit });
  },
  testMsMax,
);

test(
  "a Worker that is killed in mid-job loses nothing: clients that ask again are answered, by the same run, and pay once",
  async () => {
    const body = { prompt: "apple", seed: 2 };
    const before = { work: await workDone(), spent: (await balance()).spent_micro_usd };
    const { reached, release } = proxy.hold("/stage-c");
    const lost = keys(20, "b").map((key) => generate(body, key).catch(() => undefined));
    await reached;
    await worker.stop();
    await Promise.all(lost);
    release();
    await startWorker();

    const answers = await Promise.all(keys(20, "b").map((key) => generate(body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ picture }) => picture)).size).toBe(1);
    const { stageC, decodes } = await workDone();
    expect({ stageC, decodes }).toEqual({ stageC: before.work.stageC + 1, decodes: before.work.decodes + 1 });
    const { held_micro_usd, spent_micro_usd } = await balance();
    expect({ held_micro_usd, spent: spent_micro_usd - before.spent }).toEqual({
      held_micro_usd: 0,
      spent: generated + 19 * hit,
    });
  },
  testMsMax,
);
