import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevelopmentAccount } from "../../scripts/local-account.ts";
import { keptApiKey, randomSecret } from "../../scripts/local-state.ts";
import { type LocalWorker, startLocalWorker } from "../../scripts/local-worker.ts";
import { freePort } from "../../scripts/ports.ts";
import type { JobAnswer } from "../../shared/api/job.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import type { WebhookSecretResponse } from "../../shared/api/webhook-secret.ts";
import { type Backend, backendSecret, startBackend } from "../support/backend.ts";
import { type HoldingProxy, startHoldingProxy } from "../support/holding-proxy.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

// The real Worker in workerd with its alarms and queues, the real backend, a client's server for webhooks; all over HTTP.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle. */
const generated = 21;

const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-jobs-"));
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

async function ask<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const response = await fetch(`${worker.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new TypeError(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

/** Follows the job's events until they end with it. */
async function ended(id: string): Promise<JobAnswer> {
  const headers = { authorization: `Bearer ${apiKey}` };
  await (await fetch(`${worker.url}/v1/jobs/${id}/events`, { headers })).text();
  return ask("GET", `/v1/jobs/${id}`);
}

const balance = () => ask<BalanceResponse>("GET", "/v1/balance");

async function stageCRuns(): Promise<number> {
  const metrics = await (await fetch(`${backend.url}/metrics`)).text();
  return Number(/^stage_c_runs_total (\d+)$/mu.exec(metrics)?.[1]);
}

test(
  "a Worker that is killed in the middle of a job goes on with it by itself: all pictures, each made and charged once",
  async () => {
    const { reached, release } = proxy.hold("/stage-c");
    const requests = Array.from({ length: 12 }, (_, seed) => ({ prompt: "apple", seed }));
    await ask("PUT", "/v1/jobs/killed", { requests });
    await reached;
    await worker.stop();
    release();
    await startWorker();

    const job = await ended("killed");
    expect(job).toMatchObject({ state: "succeeded", progress: { succeeded: 12 } });
    expect(job.cost.micro_usd).toBe(12 * generated);
    expect(await stageCRuns()).toBe(12);
    expect(await balance()).toMatchObject({ held_micro_usd: 0, spent_micro_usd: 12 * generated });
    const [picture] = job.results.data[0]?.data ?? [];
    if (picture === undefined || !("url" in picture)) throw new TypeError("The picture has no link.");
    const bytes = Buffer.from(await (await fetch(picture.url)).arrayBuffer());
    expect(await sharp(bytes).metadata()).toMatchObject({ format: "png", width: 64, height: 64 });
  },
  testMsMax,
);

test(
  "a job's end is told to the client's server, again if it was busy, and verified by the scheme's library",
  async () => {
    const { secret } = await ask<WebhookSecretResponse>("GET", "/v1/webhooks/secret");
    const receiver = await startWebhookReceiver([500]);
    await ask("PUT", "/v1/jobs/told", {
      requests: [{ prompt: "a secret apple", seed: 99 }],
      webhook_url: receiver.url,
    });
    const [first, second] = [await receiver.received(0), await receiver.received(1)];
    await receiver.stop();
    for (const { headers, body } of [first, second]) {
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({
        type: "job.succeeded",
        data: { object: "job", id: "told", state: "succeeded" },
      });
      expect(body).not.toContain("apple");
    }
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  },
  testMsMax,
);

test(
  "a job that is cancelled stops at the backend, and what was not done costs nothing",
  async () => {
    const before = await balance();
    const requests = Array.from({ length: 500 }, (_, index) => ({ prompt: "dog", seed: index, steps: 100 }));
    await ask("PUT", "/v1/jobs/stopped", { requests });
    await ask("POST", "/v1/jobs/stopped/cancel");
    const job = await ended("stopped");
    expect(job.state).toBe("cancelled");
    expect(job.progress.succeeded + job.progress.cancelled).toBe(500);
    expect(job.progress.cancelled).toBeGreaterThan(400);
    const after = await balance();
    expect(after).toMatchObject({ held_micro_usd: 0 });
    expect(after.spent_micro_usd - before.spent_micro_usd).toBe(job.cost.micro_usd);
  },
  testMsMax,
);
