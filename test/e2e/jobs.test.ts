import sharp from "sharp";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import type { JobAnswer } from "../../shared/api/job.ts";
import type { WebhookSecretResponse } from "../../shared/api/webhook-secret.ts";
import { metricOf } from "../support/backend.ts";
import { useHeldEdge } from "../support/tiny-edge.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

// The real Worker in workerd with its alarms and queues, the real backend, a client's server for webhooks; all over
// HTTP.

const testMsMax = 300_000;
/** By the price book, for the tiny bundle. */
const generated = 21;

const held = useHeldEdge();

async function ask<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const response = await held().edge.send(method, path, body);
  if (!response.ok) throw new TypeError(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}

/** Follows the job's events until they end with it. */
async function ended(id: string): Promise<JobAnswer> {
  await (await held().edge.send("GET", `/v1/jobs/${id}/events`)).text();
  return ask("GET", `/v1/jobs/${id}`);
}

test(
  "a Worker that is killed in the middle of a job goes on with it by itself: all pictures, each made and charged once",
  async () => {
    const { edge, backend, proxy } = held();
    const { reached, release } = proxy.hold("/stage-c");
    const requests = Array.from({ length: 12 }, (_, seed) => ({ prompt: "apple", seed }));
    await ask("PUT", "/v1/jobs/killed", { requests });
    await reached;
    await edge.kill();
    release();
    await edge.restart();

    const job = await ended("killed");
    expect(job).toMatchObject({ state: "succeeded", progress: { succeeded: 12 } });
    expect(job.cost.micro_usd).toBe(12 * generated);
    expect(await metricOf(backend, "stage_c_runs_total")).toBe(12);
    expect(await edge.balance()).toMatchObject({ held_micro_usd: 0, spent_micro_usd: 12 * generated });
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
    await expect
      .poll(async () => (await ended("told")).webhook_attempts, { timeout: testMsMax })
      .toEqual([
        {
          at: expect.any(Number),
          outcome: "failed",
          status: 500,
          failure: null,
          next: expect.any(Number),
          redelivery: false,
        },
        expect.objectContaining({ outcome: "delivered", failure: null, next: null }),
      ]);
  },
  testMsMax,
);

test(
  "a job that is cancelled stops at the backend, and what was not done costs nothing",
  async () => {
    const { edge } = held();
    const before = await edge.balance();
    const requests = Array.from({ length: 500 }, (_, index) => ({ prompt: "dog", seed: index, steps: 100 }));
    await ask("PUT", "/v1/jobs/stopped", { requests });
    await ask("POST", "/v1/jobs/stopped/cancel");
    const job = await ended("stopped");
    expect(job.state).toBe("cancelled");
    expect(job.progress.succeeded + job.progress.cancelled).toBe(500);
    expect(job.progress.cancelled).toBeGreaterThan(400);
    const after = await edge.balance();
    expect(after).toMatchObject({ held_micro_usd: 0 });
    expect(after.spent_micro_usd - before.spent_micro_usd).toBe(job.cost.micro_usd);
  },
  testMsMax,
);
