import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, test } from "vitest";
import type { WebhookAttemptAnswer } from "../../../shared/api/job.ts";
import type { WebhookSecretResponse } from "../../../shared/api/webhook-secret.ts";
import { customIdsPerMessageMax } from "../../../shared/limits.ts";
import { redeliveriesPerMinuteMax } from "../../../workers/jobs/redelivery-rate.ts";
import { JobClient } from "../support/job-client.ts";
import { TestEdge } from "../support/test-edge.ts";

const hook = "https://hooks.example.com/ended";
const one = { requests: [{ prompt: "apple", seed: 1 }] };

/** What the receiver was sent, and what it answers. */
const received: Request[] = [];
const bodies: string[] = [];
let status = 204;

const quiet = new TestEdge();
/** Through a proxy, so that what the queue delivers by itself meanwhile is not taken for it. */
const proxy = {
  WEBHOOK_PROXY_URL: "https://proxy.example.com/",
  WEBHOOK_PROXY_SECRET: "proxy-secret-for-tests-only-32-or-more",
};
const edge = new TestEdge(proxy, async (url, init) => {
  if (url.startsWith(hook)) return new Response(null, { status: 204 });
  if (url !== proxy.WEBHOOK_PROXY_URL) return quiet.backend.fetch(url, init);
  received.push(new Request(url, init));
  bodies.push(String(init?.body));
  return new Response(null, { status });
});

beforeEach(() => {
  received.length = 0;
  status = 204;
});

/** A job that has ended, of a new account. */
async function endedJob(webhookUrl: string | undefined = hook) {
  const key = await edge.createKey();
  const jobs = new JobClient(edge, key);
  await jobs.create("told", { ...one, ...(webhookUrl !== "" && { webhook_url: webhookUrl }) });
  await jobs.ended("told");
  return { key, jobs, redeliver: (id = "told") => jobs.send("POST", `/${id}/webhook/redeliver`) };
}

describe("POST /v1/jobs/{id}/webhook/redeliver", () => {
  test("sends the message of the end again, signed, always with one id, and lists it with the job", async () => {
    const { key, jobs, redeliver } = await endedJob();
    const answers = [await redeliver(), await redeliver()];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    const attempt: WebhookAttemptAnswer | undefined = await answers[0]?.json();
    expect(attempt).toMatchObject({ outcome: "delivered", status: 204, failure: null, next: null, redelivery: true });
    const { secret }: WebhookSecretResponse = await (await edge.get(key, "/v1/webhooks/secret")).json();
    const headers = received.map((request) => Object.fromEntries(request.headers));
    expect(new Set(headers.map((sent) => sent["webhook-id"])).size).toBe(1);
    const verified = new Webhook(secret).verify((await received[0]?.text()) ?? "", headers[0] ?? {});
    expect(verified).toMatchObject({ type: "job.succeeded", data: { object: "job", id: "told", state: "succeeded" } });
    expect((await jobs.get("told")).webhook_attempts.filter(({ redelivery }) => redelivery)).toHaveLength(2);
  });

  test("tells the job's metadata and the names of its requests, unless there are too many of these", async () => {
    const jobs = new JobClient(edge, await edge.createKey());
    const metadata = { campaign: "a" };
    const told = async (count: number) => {
      const requests = Array.from({ length: count }, () => ({ prompt: "apple", seed: 1 }));
      const named = [{ ...requests[0], custom_id: "one" }, ...requests.slice(1)];
      await jobs.create(`named-${count}`, { metadata, webhook_url: hook, requests: named });
      await jobs.cancel(`named-${count}`);
      await jobs.ended(`named-${count}`);
      await jobs.send("POST", `/named-${count}/webhook/redeliver`);
      const body = bodies.find((sent) => sent.includes(`"named-${count}"`)) ?? "{}";
      return JSON.parse(body).data;
    };
    expect(await told(2)).toMatchObject({ metadata, custom_ids: ["one", null] });
    const many = await told(customIdsPerMessageMax + 1);
    expect(many).toMatchObject({ metadata });
    expect(many).not.toHaveProperty("custom_ids");
  });

  test("says what the receiver answered, and does not repeat it by itself", async () => {
    const { redeliver } = await endedJob();
    status = 500;
    expect(await (await redeliver()).json()).toMatchObject({ outcome: "failed", status: 500, next: null });
    expect(received).toHaveLength(1);
  });

  test("refuses a job without a webhook, one that has not ended, and one that is not there or another account's", async () => {
    const { jobs, redeliver } = await endedJob("");
    const codeOf = async (answer: Response) => {
      const { error }: { error: { code: string } } = await answer.json();
      return [answer.status, error.code];
    };
    expect(await codeOf(await redeliver())).toEqual([409, "job_without_webhook"]);
    expect(await codeOf(await redeliver("nothing"))).toEqual([404, "not_found"]);
    quiet.backend.behaviour = "unreachable";
    await jobs.create("running", { requests: [{ prompt: "pear", seed: 2 }], webhook_url: hook });
    expect(await codeOf(await redeliver("running"))).toEqual([409, "job_not_ended"]);
    quiet.backend.behaviour = "works";
    await jobs.cancel("running");
    const other = await endedJob();
    expect(await codeOf(await other.redeliver("running"))).toEqual([404, "not_found"]);
  });

  test("is bounded for an account, and says when it may be asked again", async () => {
    const { redeliver } = await endedJob();
    const answers: Response[] = [];
    for (let i = 0; i <= redeliveriesPerMinuteMax; i += 1) answers.push(await redeliver());
    const refused = answers.at(-1);
    expect(refused?.status).toBe(429);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answers.slice(0, -1).every((answer) => answer.status === 200)).toBe(true);
    expect(received).toHaveLength(redeliveriesPerMinuteMax);
  });
});
