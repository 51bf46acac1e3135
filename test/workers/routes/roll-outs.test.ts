import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OfferedModel } from "../../../shared/api/added-model.ts";
import worker from "../../../workers/index.ts";
import { digestOf } from "../../../workers/models/model-store.ts";
import { bucketOf } from "../../../workers/usage/latency-histogram.ts";
import { hourAt } from "../../../workers/usage/traffic.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

const edge = new TestEdge({ MODEL_ALIASES: new Map([["dall-e-3", "mine"]]) });
const tokenizer = JSON.stringify(tinyBundle.tokenizer);
const prompts = Array.from({ length: 8 }, (_, index) => `apple ${index}`);
let account: string;
let key: string;

/** Another revision of the tiny model under this id; the edge needs no graph of it. */
async function bodyOf(id: string, revision: string, more: object = {}) {
  const file = { sha256: await digestOf(tokenizer), bytes: tokenizer.length };
  const files = { ...manifest.files, [manifest.text.tokenizer]: file };
  return { manifest: { ...Object(tinyBundle.model), id, revision, files }, tokenizer, ...more };
}

function order(method: string, path = "", body?: object): Promise<Response> {
  return edge.fetch(`/v1/admin/models${path}`, {
    method,
    headers: { authorization: `Bearer ${edge.env.ADMIN_SECRET}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** An order that must succeed. */
async function done(method: string, path: string, body?: object): Promise<OfferedModel> {
  const response = await order(method, path, body);
  expect([response.status, await response.clone().text()]).toEqual([200, expect.any(String)]);
  return response.json();
}

const add = async (id: string, revision: string, more?: object) => done("PUT", "", await bodyOf(id, revision, more));

/** The revision that makes the latent of this request. */
async function revisionFor(request: object): Promise<string | undefined> {
  const before = edge.backend.jobs.length;
  await edge.generate(key, { reuse: "fresh", ...request });
  expect(edge.backend.jobs).toHaveLength(before + 1);
  return edge.backend.jobs.at(-1)?.revision;
}

/** The prompts whose unseeded requests go to a revision. */
async function movedTo(revision: string, request: object = { model: "mine" }): Promise<readonly string[]> {
  const moved: string[] = [];
  for (const prompt of prompts) if ((await revisionFor({ ...request, prompt })) === revision) moved.push(prompt);
  return moved;
}

async function stateOf(revision: string): Promise<OfferedModel | undefined> {
  const { data }: { data: OfferedModel[] } = await (await order("GET")).json();
  return data.find((model) => model.revision === revision);
}

/** What the queue's consumer would have counted in this hour. */
async function count(revision: string, outcome: string, requests: number, ms: number): Promise<void> {
  const query = "INSERT INTO model_hours (revision, hour, outcome, bucket, requests) VALUES (?, ?, ?, ?, ?)";
  const values = [revision, hourAt(edge.nowMs), outcome, bucketOf(ms), requests];
  await edge.env.USAGE.prepare(query)
    .bind(...values)
    .run();
}

async function lastEntries(): Promise<readonly object[]> {
  const { data }: { data: object[] } = await (
    await edge.get(edge.env.ADMIN_SECRET, "/v1/admin/audit/models?limit=100")
  ).json();
  return data;
}

const everyHour = () => worker.scheduled(createScheduledController(), env);

/** When ledgers were compared last. */
const lastComparison = () => edge.env.USAGE.prepare("SELECT MAX(at_ms) AS at FROM reconciliations").first<number>("at");

const figure = (value: number) => ({ value, count: 9, low: null, high: null, threshold: null, outcome: null });
const kpiOf = (revision: string, recognition: number) => ({
  format: "wuerstchen-edge/kpi@1",
  model: "Mine",
  revision,
  date: "2026-11-27",
  set: { name: "pots", pictures: 60, held_out: 6 },
  chance: 4,
  verdict: "met",
  figures: { recognition: figure(recognition), bias: figure(10) },
  groups: {},
  left_out: {},
});

beforeEach(async () => {
  account = `roll-out-${crypto.randomUUID()}`;
  key = await edge.createKey(account);
});

afterEach(async () => {
  for (const id of ["mine", "tiny"]) await order("DELETE", `/${id}`);
  await edge.env.USAGE.prepare("DELETE FROM model_hours").run();
  // An isolate answers from what it knows for ten seconds.
  edge.nowMs += 10_000;
});

describe("a revision with a share", () => {
  test("gets that share of the requests that name the id or an alias of it, each prompt always the same way", async () => {
    key = await edge.createKey("roll-out-share");
    await add("mine", "old");
    await add("mine", "new", { roll_out: { share: 0 } });
    expect(await revisionFor({ model: "mine", prompt: prompts[0] })).toBe("old");
    await done("POST", "/mine@new/roll-out", { share: 40 });
    const some = await movedTo("new");
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(prompts.length);
    expect(await movedTo("new", { model: "dall-e-3" })).toEqual(some);
    await done("POST", "/mine@new/roll-out", { share: 100 });
    for (const prompt of prompts.slice(0, 2)) expect(await revisionFor({ model: "mine", prompt })).toBe("new");
  });

  test("gets no request with a seed, that names a revision, or that starts from a latent", async () => {
    await add("mine", "old");
    const made = await edge.generate(key, { prompt: "apple", model: "mine" });
    await add("mine", "new", { roll_out: { share: 100 } });
    expect(await revisionFor({ prompt: "apple", model: "mine" })).toBe("new");
    expect(await revisionFor({ prompt: "apple", model: "mine", seed: 7 })).toBe("old");
    expect(await revisionFor({ prompt: "apple", model: "mine@old" })).toBe("old");
    expect(await revisionFor({ prompt: "apple", model: "mine@new", seed: 7 })).toBe("new");
    const varied = await edge.fetch(`/v1/latents/${firstPicture(made).latent_id}/variations`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "pear" }),
    });
    expect(varied.status).toBe(200);
    expect(edge.backend.jobs.at(-1)?.revision).toBe("old");
    const limited = await edge.createKey(account, 0, { models: ["mine"] });
    await edge.generate(limited, { prompt: "pear", reuse: "fresh" });
    expect(edge.backend.jobs.at(-1)?.revision).toBe("new");
  });

  test("gets no request that it would make dearer or cannot do", async () => {
    await add("mine", "old");
    const { manifest: body, ...rest } = await bodyOf("mine", "new");
    const { sampler, image } = manifest;
    const steps = { ...sampler.stageC.steps, max: 10 };
    const narrow = { ...body, sampler: { ...sampler, stageC: { ...sampler.stageC, steps } }, image };
    await done("PUT", "", { ...rest, manifest: narrow, roll_out: { share: 100 } });
    expect(await revisionFor({ prompt: "apple", model: "mine" })).toBe("new");
    expect(await revisionFor({ prompt: "apple", model: "mine", steps: 11 })).toBe("old");

    await order("DELETE", "/mine@new");
    const dear = await order("PUT", "", await bodyOf("mine", "dear", { price_factor: 2, roll_out: { share: 5 } }));
    expect([dear.status, await dear.json()]).toMatchObject([400, { error: { param: "roll_out" } }]);
  });

  test("of the id that the service was built with gets requests that name no model, and seeded ones when deployed", async () => {
    await add("tiny", "next", { roll_out: { share: 100 } });
    expect(await revisionFor({ prompt: "apple" })).toBe("next");
    expect(await revisionFor({ prompt: "apple", model: "tiny" })).toBe("next");
    expect(await revisionFor({ prompt: "apple", seed: 3 })).toBe(manifest.revision);
    await done("POST", "/tiny@next/roll-out", { share: 0 });
    expect(await revisionFor({ prompt: "apple" })).toBe(manifest.revision);
    expect(await done("POST", "/tiny@next/promote")).toMatchObject({ roll_out: { share: 100 } });
    expect(await revisionFor({ prompt: "apple" })).toBe("next");
    expect(await revisionFor({ prompt: "apple", seed: 4 })).toBe(manifest.revision);
  });
});

describe("a roll-out", () => {
  test("ends by one call: promoted, or taken back while the latents of both stay", async () => {
    await add("mine", "old");
    const before = await edge.generate(key, { prompt: "apple", model: "mine" });
    await add("mine", "new", { roll_out: { share: 100 } });
    const during = await edge.generate(key, { prompt: "apple", model: "mine" });
    expect((await order("GET", "")).status).toBe(200);
    const listed: { data: { id: string; revision: string }[] } = await (await edge.fetch("/v1/models")).json();
    expect(listed.data).toMatchObject([
      { id: "tiny" },
      { id: "mine", revision: "old" },
      { id: "dall-e-3", alias_of: "mine", revision: "old" },
    ]);

    expect(await done("POST", "/mine@new/promote")).toMatchObject({ revision: "new", roll_out: null });
    expect(await revisionFor({ prompt: "apple", model: "mine", seed: 1 })).toBe("new");
    expect((await order("POST", "/mine@new/promote")).status).toBe(400);

    // Back to a share, and away.
    await done("POST", "/mine@new/roll-out", { share: 100 });
    expect(await revisionFor({ prompt: "apple", model: "mine", seed: 2 })).toBe("old");
    expect((await order("DELETE", "/mine@new")).status).toBe(200);
    expect(await revisionFor({ prompt: "pear", model: "mine" })).toBe("old");
    expect(await stateOf("new")).toMatchObject({ offered: false, roll_out: null });
    for (const made of [before, during]) {
      const decoded = await edge.fetch(`/v1/latents/${firstPicture(made).latent_id}/decode`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: "{}",
      });
      expect(decoded.status).toBe(200);
    }
  });

  test("shows both revisions' figures, and is promoted by its rule with the reasons in the log", async () => {
    await add("mine", "old", { kpi: kpiOf("old", 50) });
    const rule = { requests_min: 50 };
    const added = await add("mine", "new", { kpi: kpiOf("new", 49), roll_out: { share: 10, rule } });
    expect(added.roll_out).toMatchObject({ verdict: "hold", reasons: [{ code: "requests", value: 0, of: 50 }] });
    await everyHour();
    expect(await stateOf("new")).toMatchObject({ roll_out: { share: 10 } });

    await count("old", "generated", 400, 200);
    await count("old", "latent", 9_000, 20);
    await count("new", "generated", 50, 210);
    expect(await stateOf("new")).toMatchObject({
      roll_out: {
        before: { revision: "old", requests: 400, failed_requests: 0, recognition: 50, bias: 10 },
        candidate: { revision: "new", requests: 50, failed_requests: 0, recognition: 49, bias: 10 },
        verdict: "promote",
      },
    });
    await everyHour();
    expect(await stateOf("new")).toMatchObject({ offered: true, roll_out: null });
    edge.nowMs += 10_000;
    expect(await revisionFor({ prompt: "apple", model: "mine", seed: 1 })).toBe("new");
    expect((await lastEntries()).at(-1)).toMatchObject({
      actor: "roll-out rule",
      action: "model.promoted",
      subject: "mine@new",
      details: {
        reasons: expect.arrayContaining([expect.objectContaining({ code: "recognition", value: 49, before: 50 })]),
      },
    });
  });

  test("is judged every five minutes, apart from the hourly comparison of ledgers, and neither waits for the other", async () => {
    await everyHour();
    const compared = await lastComparison();
    await add("mine", "old");
    await add("mine", "new", { roll_out: { share: 10, rule: {} } });
    await count("new", "backend_failed", 6, 200);
    edge.nowMs += 60_000;
    await worker.scheduled(createScheduledController({ cron: "*/5 * * * *" }), env);
    expect(await stateOf("new")).toMatchObject({ offered: false });
    expect(await lastComparison()).toBe(compared);

    const failing = () => {
      throw new TypeError("the list of models cannot be read");
    };
    const broken = { ...Object(env), LATENTS: { get: failing } };
    await expect(worker.scheduled(createScheduledController(), broken)).rejects.toThrow("cannot be read");
    expect(await lastComparison()).toBeGreaterThan(compared ?? 0);
  });

  test("is taken back by its rule when its requests fail, and the log says so", async () => {
    await add("mine", "old");
    await add("mine", "new", { roll_out: { share: 10, rule: { recognition_drop_max: null, bias_rise_max: null } } });
    await count("old", "generated", 400, 200);
    await count("new", "backend_failed", 6, 200);
    await everyHour();
    expect(await stateOf("new")).toMatchObject({ offered: false });
    edge.nowMs += 10_000;
    expect(await revisionFor({ prompt: "apple", model: "mine" })).toBe("old");
    expect((await lastEntries()).at(-1)).toMatchObject({
      actor: "roll-out rule",
      action: "model.withdrawn",
      details: { reasons: [{ code: "failures", value: 6, of: 6, before: 0, before_of: 400 }] },
    });
  });

  test("compares with a report that the order brings, where the service has none on the revision before", async () => {
    await add("tiny", "next", { kpi: kpiOf("next", 30) });
    const rule = { requests_min: 1 };
    const wrong = await order("POST", "/tiny@next/roll-out", { share: 1, rule, base_kpi: kpiOf("another", 50) });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: { param: "base_kpi" } }]);
    const body = { share: 1, rule, base_kpi: kpiOf(manifest.revision, 50) };
    expect(await done("POST", "/tiny@next/roll-out", body)).toMatchObject({
      roll_out: { verdict: "take_back", reasons: [{ code: "recognition", value: 30, before: 50 }] },
    });
    // A later order keeps rule and report.
    expect(await done("POST", "/tiny@next/roll-out", { share: 2 })).toMatchObject({
      roll_out: { share: 2, rule, before: { recognition: 50 } },
    });
    expect(await done("POST", "/tiny@next/roll-out", { share: 2, rule: null })).toMatchObject({
      roll_out: { rule: null, verdict: null },
    });
  });

  test("is refused where there is no revision before, where another is under way, and of what is not offered", async () => {
    const alone = await order("PUT", "", await bodyOf("mine", "old", { roll_out: { share: 5 } }));
    expect([alone.status, await alone.json()]).toMatchObject([400, { error: { param: "roll_out" } }]);
    await add("mine", "old");
    await add("mine", "new", { roll_out: { share: 5 } });
    expect((await order("PUT", "", await bodyOf("mine", "third"))).status).toBe(400);
    expect((await order("POST", "/mine@old/roll-out", { share: 5 })).status).toBe(400);
    expect((await order("POST", "/mine@third/roll-out", { share: 5 })).status).toBe(404);
    expect((await order("POST", "/mine@third/promote")).status).toBe(404);
    expect((await order("POST", "/mine@new/roll-out", { share: 101 })).status).toBe(400);
  });
});
