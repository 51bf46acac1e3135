import { createExecutionContext, createMessageBatch, getQueueResult, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import worker from "../../../workers/index.ts";
import { consumeWebhooks, retryDelaySeconds } from "../../../workers/webhooks/consume-webhooks.ts";
import type { DeliveryParts } from "../../../workers/webhooks/deliver-webhook.ts";
import { formatWebhookSecret } from "../../../workers/webhooks/sign-webhook.ts";
import type { WebhookMessage } from "../../../workers/webhooks/webhook-message.ts";
import { WebhookSecrets } from "../../../workers/webhooks/webhook-secrets.ts";

const nowMs = Date.now();
const message: WebhookMessage = {
  id: "msg_1",
  account: "account-1",
  url: "https://hooks.example.com/job",
  jobId: "batch-1",
  state: "partial",
  atMs: nowMs,
};

const secretOf = (byte: number) => formatWebhookSecret(new Uint8Array(32).fill(byte));

/** A receiver that answers as it is told, and what it was sent. */
function setUp(
  answer: () => Response | Promise<Response> = () => new Response(null, { status: 204 }),
  more: Partial<DeliveryParts> = {},
) {
  const requests: { url: string; init: RequestInit }[] = [];
  const ends: string[] = [];
  const attempts: unknown[] = [];
  const parts: DeliveryParts = {
    async fetch(url, init) {
      requests.push({ url, init });
      return answer();
    },
    timeout: () => new AbortController().signal,
    nowMs: () => nowMs,
    rules: { targets: "public", hosts: [] },
    proxy: undefined,
    secretsOf: async () => [secretOf(1), secretOf(2)],
    noteAttempt: async ({ id }, attempt) => attempts.push([id, attempt]),
    log: () => {},
    ...more,
  };
  const queued = (body: unknown, attempts = 1) => ({
    body,
    attempts,
    ack: () => ends.push("ack"),
    retry: (options?: QueueRetryOptions) => ends.push(`retry in ${options?.delaySeconds}`),
  });
  return {
    requests,
    ends,
    attempts,
    deliverAttempt: (attempt: number) => consumeWebhooks(parts, [queued(message, attempt)]),
    deliver: (...bodies: unknown[]) =>
      consumeWebhooks(
        parts,
        bodies.map((body) => queued(body)),
      ),
  };
}

describe("a webhook", () => {
  test("is verified by the scheme's own library, with the newest secret and with the one before", async () => {
    const { requests, ends, deliver } = setUp();
    await deliver(message);
    const { headers, body } = requests[0]?.init ?? {};
    for (const byte of [1, 2]) {
      const verified = new Webhook(secretOf(byte)).verify(String(body), headers as Record<string, string>);
      expect(verified).toEqual({
        type: "job.partial",
        timestamp: new Date(nowMs).toISOString(),
        data: { object: "job", id: "batch-1", state: "partial" },
      });
    }
    const wrong = new Webhook(secretOf(3));
    expect(() => wrong.verify(String(body), headers as Record<string, string>)).toThrow("No matching signature");
    expect(ends).toEqual(["ack"]);
  });

  test("goes through the operator's proxy where there is one, with its target beside it and the same signature", async () => {
    const proxy = { url: "https://egress.example.net/webhooks", secret: "s".repeat(32) };
    const { requests, ends, deliver } = setUp(undefined, { proxy });
    await deliver(message);
    expect(requests.map(({ url }) => url)).toEqual([proxy.url]);
    const { headers, body } = requests[0]?.init ?? {};
    expect(headers).toMatchObject({ authorization: `Bearer ${proxy.secret}`, "x-webhook-url": message.url });
    expect(() => new Webhook(secretOf(1)).verify(String(body), headers as Record<string, string>)).not.toThrow();
    expect(ends).toEqual(["ack"]);
  });

  test("that waits for a host which is no longer allowed is given up, and no proxy hears of it", async () => {
    const proxy = { url: "https://egress.example.net/webhooks", secret: "s".repeat(32) };
    const { requests, ends, deliver } = setUp(undefined, { proxy, rules: { targets: "public", hosts: ["other.net"] } });
    await deliver(message);
    expect([requests, ends]).toEqual([[], ["ack"]]);
  });

  test("that the queue brings twice is sent twice under the same id, with the same body", async () => {
    const { requests, deliver } = setUp();
    await deliver(message, message);
    const sent = requests.map(({ init }) => [new Headers(init.headers).get("webhook-id"), init.body]);
    expect(sent[0]).toEqual(sent[1]);
  });

  test.each([
    ["an error", () => new Response("busy", { status: 500 })],
    ["a redirect, which is not followed", () => Response.redirect("https://10.0.0.1/", 307)],
    ["a broken connection", () => Promise.reject(new TypeError("connection refused"))],
  ])("that is answered by %s is sent again later", async (_, answer) => {
    const { requests, ends, deliver } = setUp(answer);
    await deliver(message);
    expect(ends).toEqual(["retry in 5"]);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.init.redirect).toBe("manual");
  });

  test("whose receiver says that it is gone is not sent again", async () => {
    const { ends, deliver } = setUp(() => new Response(null, { status: 410 }));
    await deliver(message);
    expect(ends).toEqual(["ack"]);
  });

  test("reads nothing of the answer's body, however long it is", async () => {
    let pulls = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const { ends, deliver } = setUp(() => new Response(endless));
    await deliver(message);
    expect(ends).toEqual(["ack"]);
    expect(pulls).toBeLessThanOrEqual(1);
  });

  test("is never sent inside our own network, even if it was allowed when it was asked for", async () => {
    const { requests, ends, deliver } = setUp();
    await deliver({ ...message, url: "https://169.254.169.254/" });
    expect(requests).toEqual([]);
    expect(ends).toEqual(["ack"]);
  });

  test.each<[string, number, () => Response | Promise<Response>, object]>([
    ["a 2xx", 1, () => new Response(null, { status: 204 }), { outcome: "delivered", status: 204 }],
    ["410", 1, () => new Response(null, { status: 410 }), { outcome: "refused", status: 410 }],
    ["500", 2, () => new Response(null, { status: 500 }), { outcome: "failed", status: 500, nextMs: nowMs + 60_000 }],
    ["500 at the last attempt", 11, () => new Response(null, { status: 500 }), { outcome: "failed", status: 500 }],
    [
      "nothing",
      1,
      () => Promise.reject(new TypeError("connection refused")),
      { outcome: "failed", failure: "unreachable", nextMs: nowMs + 5_000 },
    ],
  ])("that is answered by %s is noted so with its job", async (_, attempt, answer, noted) => {
    const { attempts, deliverAttempt } = setUp(answer);
    await deliverAttempt(attempt);
    expect(attempts).toEqual([["msg_1", { atMs: nowMs, ...noted }]]);
  });

  test("is delivered even where the attempt cannot be noted", async () => {
    const { ends, deliver } = setUp(undefined, { noteAttempt: () => Promise.reject(new TypeError("away")) });
    await deliver(message);
    expect(ends).toEqual(["ack"]);
  });

  test("that is no message of ours holds up none of the others", async () => {
    const { requests, ends, deliver } = setUp();
    await deliver({ nonsense: true }, message);
    expect(requests).toHaveLength(1);
    expect(ends.toSorted()).toEqual(["ack", "retry in 5"]);
  });

  test("waits longer from time to time, and never longer than a queue can", () => {
    const delays = Array.from({ length: 12 }, (_, index) => retryDelaySeconds(index + 1));
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(Math.max(...delays)).toBeLessThanOrEqual(43_200);
  });
});

test("the Worker delivers what its queue of webhooks brings, signed with the account's secret", async () => {
  const sent: Request[] = [];
  globalThis.fetch = async (input, init) => {
    sent.push(new Request(input as string, init as RequestInit));
    return new Response(null, { status: 204 });
  };
  const batch = createMessageBatch<unknown>("wuerstchen-webhooks", [
    { id: "1", timestamp: new Date(), attempts: 1, body: message },
    { id: "2", timestamp: new Date(), attempts: 3, body: { nonsense: true } },
  ]);
  const context = createExecutionContext();
  await worker.queue(batch, env);
  const result = await getQueueResult(batch, context);
  expect(result.explicitAcks).toEqual(["1"]);
  expect(result.retryMessages).toMatchObject([{ msgId: "2" }]);
  expect(sent).toHaveLength(1);
});

describe("an account's secret", () => {
  test("is made at the first look and stays; a new one leaves it valid for a day", async () => {
    const { ACCOUNT_JOBS } = env as unknown as { readonly ACCOUNT_JOBS: DurableObjectNamespace };
    await runInDurableObject(ACCOUNT_JOBS.getByName("secrets"), (_, { storage }) => {
      let made = 0;
      const secrets = new WebhookSecrets(storage.sql, () => `secret ${++made}`);
      const names = (atMs: number) => secrets.valid(atMs).map(({ secret }) => secret);
      expect([names(0), names(1)]).toEqual([["secret 1"], ["secret 1"]]);
      secrets.rotate(1_000);
      const dayMs = 24 * 3_600_000;
      expect([names(dayMs), names(dayMs + 1_000)]).toEqual([["secret 2", "secret 1"], ["secret 2"]]);
      for (let i = 0; i < 20; i += 1) secrets.rotate(dayMs);
      expect(names(dayMs)).toHaveLength(5);
    });
  });
});
