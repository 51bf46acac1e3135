import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { Traffic, TrafficSlot } from "../../../shared/api/traffic.ts";
import worker from "../../../workers/index.ts";
import { createModelFigures } from "../../../workers/usage/model-figures.ts";
import type { RequestEvent } from "../../../workers/usage/request-event.ts";
import { forgetCounted, recordRequests } from "../../../workers/usage/request-table.ts";
import { hourAt } from "../../../workers/usage/traffic.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const dayMs = 24 * 3_600_000;

let edge: TestEdge;
/** What the edge gave the queue, which no test waits for. */
let reports: RequestEvent[];

beforeEach(async () => {
  reports = [];
  const send = async (event: unknown) => void reports.push(event as RequestEvent);
  const { USAGE_EVENTS } = new TestEdge().env;
  edge = new TestEdge({ USAGE_EVENTS: Object.assign(Object.create(USAGE_EVENTS), { send }) });
  await edge.env.USAGE.batch(
    ["request_hours", "picture_hours", "model_hours", "counted_requests"].map((table) =>
      edge.env.USAGE.prepare(`DELETE FROM ${table}`),
    ),
  );
});

async function traffic(query = ""): Promise<Traffic> {
  const response = await edge.get(edge.env.ADMIN_SECRET, `/v1/admin/traffic${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

async function deliver(bodies: readonly unknown[]): Promise<void> {
  const messages = bodies.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts: 1, body }));
  await worker.queue(createMessageBatch("wuerstchen-usage", messages), env);
}

function tierOf({ tiers }: TrafficSlot, name: string) {
  const found = tiers.find(({ tier }) => tier === name);
  if (found === undefined) throw new TypeError(`no tier ${name}`);
  return found;
}

let events = 0;
const event = (fields: Partial<RequestEvent>): RequestEvent => {
  events += 1;
  return {
    kind: "request",
    id: `event-${events}`,
    atMs: edge.nowMs,
    outcome: "image",
    weight: 1,
    pictures: [],
    ...fields,
  };
};

describe("GET /v1/admin/traffic", () => {
  test("counts requests, tiers, durations and charges as the answers had them, streams and failures too", async () => {
    const key = await edge.createKey("traffic", 10_000);
    const first = await edge.generate(key, { prompt: "apple", seed: 1 });
    const second = await edge.generate(key, { prompt: "apple", seed: 1 });
    const streamed = await edge.post(key, { prompt: "apple", seed: 2, stream: true });
    expect(await streamed.text()).toContain("image_generation.completed");
    expect((await edge.post(key, { prompt: "apple", size: "7x7" })).status).toBe(400);
    const poor = await edge.createKey("traffic-poor", 0);
    expect((await edge.post(poor, { prompt: "apple" })).status).toBe(402);
    await expect.poll(() => reports.length).toBe(5);
    await deliver(reports);

    const { total, slots } = await traffic();
    expect(total).toMatchObject({ requests: 5, failed_requests: 2, pictures: 3, hit_rate: 1 / 3 });
    expect(total.failures).toEqual(
      expect.arrayContaining([
        { code: "invalid_request", requests: 1 },
        { code: "insufficient_quota", requests: 1 },
      ]),
    );
    expect(tierOf(total, "generated")).toMatchObject({ requests: 2, pictures: 2 });
    expect(tierOf(total, "image")).toMatchObject({
      requests: 1,
      pictures: 1,
      micro_usd: second.usage.cost.micro_usd,
      stage_c_ms: 0,
    });
    const spent = (await edge.ledger("traffic").balances()).spent;
    expect(total.micro_usd).toBe(spent);
    expect(spent).toBeGreaterThan(first.usage.cost.micro_usd);
    expect(slots).toHaveLength(1);
    // What the backend's double reports is the same for each run, so the one picture from the edge saved one of both.
    expect(total.gpu_ms_saved).toBeCloseTo(total.gpu_ms_spent / 2, 1);
    expect(JSON.stringify(reports)).not.toMatch(/apple|traffic|we_/u);
  });

  test("counts by revision the requests that a model had to run for, with its faults and not the caller's", async () => {
    const key = await edge.createKey("by-revision", 10_000);
    const hour = hourAt(edge.nowMs);
    await edge.generate(key, { prompt: "apple", seed: 1 });
    await edge.generate(key, { prompt: "apple", seed: 1 });
    expect((await edge.post(key, { prompt: "apple", size: "7x7" })).status).toBe(400);
    edge.backend.behaviour = "unreachable";
    expect((await edge.post(key, { prompt: "apple", seed: 2 })).status).toBe(502);
    await expect.poll(() => reports.length).toBe(4);
    await deliver(reports);
    await deliver(reports);
    const found = await createModelFigures(edge.env.USAGE).read([manifest.revision, "other"], hour);
    expect(found.get(manifest.revision)).toEqual({ requests: 2, failed: 1, p95Ms: expect.any(Number) });
    expect(found.get("other")).toEqual({ requests: 0, failed: 0, p95Ms: undefined });
  });

  test("counts a report once, however often the queue delivers it, within a batch and in another", async () => {
    const made = event({
      outcome: "latent",
      ms: 100,
      pictures: [{ tier: "latent", decodeMs: 40, microUsd: 7 }],
    });
    await deliver([made, made]);
    await deliver([made]);
    const { total } = await traffic();
    expect(total).toMatchObject({ requests: 1, pictures: 1, micro_usd: 7, gpu_ms_spent: 40 });
  });

  test("forgets after five days which reports were counted, and keeps the counts", async () => {
    const { USAGE } = edge.env;
    await recordRequests(USAGE, [event({ atMs: edge.nowMs - 6 * dayMs }), event({})]);
    await forgetCounted(USAGE, edge.nowMs);
    expect(await USAGE.prepare("SELECT COUNT(*) AS n FROM counted_requests").first("n")).toBe(1);
    expect((await traffic()).total.requests).toBe(2);
  });

  test("tells hours of two days, days of more, and nothing earlier", async () => {
    const { nowMs } = edge;
    await recordRequests(edge.env.USAGE, [
      event({ atMs: nowMs }),
      event({ atMs: nowMs - 3_600_000 }),
      event({ atMs: nowMs - 5 * dayMs }),
      event({ atMs: nowMs - 40 * dayMs }),
    ]);
    const hourly = await traffic("?days=2");
    expect(hourly.slot_seconds).toBe(3_600);
    expect(hourly.slots.map(({ requests }) => requests)).toEqual([1, 1]);
    const daily = await traffic("?days=7");
    expect(daily.slot_seconds).toBe(86_400);
    expect(daily.total.requests).toBe(3);
    expect((await traffic("?days=92")).total.requests).toBe(4);
  });

  test("says that what was saved is unknown where no run tells what one takes", async () => {
    await recordRequests(edge.env.USAGE, [event({ pictures: [{ tier: "image", microUsd: 1 }] })]);
    expect((await traffic()).total).toMatchObject({ hit_rate: 1, gpu_ms_saved: null });
  });

  test.each(["0", "93", "week", "1.5"])("refuses days=%s, naming the parameter", async (days) => {
    const response = await edge.get(edge.env.ADMIN_SECRET, `/v1/admin/traffic?days=${days}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param: "days" } });
  });
});

describe("a report", () => {
  test("is caused by nobody without a valid key", async () => {
    await edge.post(`we_${"0".repeat(28)}`, { prompt: "apple" });
    await edge.fetch("/v1/images/generations", { method: "POST" });
    const key = await edge.createKey();
    await edge.post(key, { prompt: "apple", size: "7x7" });
    await expect.poll(() => reports.length).toBe(1);
    expect(reports[0]).toMatchObject({ outcome: "invalid_request" });
  });

  test("stands for sixteen refusals of a key that sends too much", async () => {
    const key = await edge.createKey(undefined, 0, { requests_per_minute: 1 });
    for (let i = 0; i < 200; i += 1) await edge.post(key, { prompt: "apple" });
    await expect.poll(() => reports.length).toBeGreaterThan(1);
    const refusals = reports.filter(({ outcome }) => outcome === "rate_limit_exceeded");
    expect(refusals.length).toBeLessThan(60);
    expect(new Set(refusals.map(({ weight }) => weight))).toEqual(new Set([16]));
  });

  test("that the queue does not take is lost, and the answer stands", async () => {
    const broken = Object.assign(Object.create(edge.env.USAGE_EVENTS), {
      send: () => Promise.reject(new TypeError("The queue is away.")),
    });
    const lossy = new TestEdge({ USAGE_EVENTS: broken });
    const key = await lossy.createKey();
    expect((await lossy.post(key, { prompt: "apple" })).status).toBe(200);
    await expect.poll(() => lossy.logLines.some((line) => line.includes("request_report_lost"))).toBe(true);
  });
});
