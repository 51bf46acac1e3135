import { afterEach, describe, expect, test } from "vitest";
import { createAddedModels } from "../../../workers/models/added-models.ts";
import { digestOf } from "../../../workers/models/model-store.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

const edge = new TestEdge();
const ready = edge.backend.health;

afterEach(() => {
  edge.backend.behaviour = "works";
  edge.backend.health = ready;
  // An isolate answers from what it knows for five seconds.
  edge.nowMs += 5_000;
});

describe("GET /v1/health", () => {
  test("is ready when the backend has the edge's own model", async () => {
    const response = await edge.fetch("/v1/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ready",
      model: manifest.id,
      revision: manifest.revision,
      parts: { edge: "ready", backend: "ready" },
    });
  });

  test.each([
    ["starting", { status: "starting", model: manifest.id, revision: manifest.revision }],
    ["other_model", { status: "ready", model: manifest.id, revision: "another" }],
    ["unreachable", "not a health report"],
  ])("is 503 and names the part when the backend is %s", async (backend, health) => {
    edge.backend.health = health;
    const response = await edge.fetch("/v1/health");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: "starting", parts: { edge: "ready", backend } });
  });

  test("is 503 and names the part when nobody answers", async () => {
    edge.backend.behaviour = "unreachable";
    expect(await (await edge.fetch("/v1/health")).json()).toMatchObject({ parts: { backend: "unreachable" } });
  });
});

describe("GET /v1/models", () => {
  const item = {
    id: "tiny",
    object: "model",
    owned_by: "wuerstchen-edge",
    sizes: ["64x64"],
    steps: { default: 6, min: 1, max: 100 },
    guidance_scale: { default: 3, min: 1, max: 15 },
  };

  test("lists the model in OpenAI's shape, with sizes and ranges, to anybody", async () => {
    const list: { data: unknown[] } = await (await edge.fetch("/v1/models")).json();
    expect(list).toMatchObject({ object: "list", data: [item] });
  });

  test("tells one model, and 404 for another", async () => {
    expect(await (await edge.fetch("/v1/models/tiny")).json()).toMatchObject(item);
    const response = await edge.fetch("/v1/models/dall-e-3");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found" } });
  });
});

describe("a browser on another site", () => {
  test("may call with a key and any headers of its client, but never with cookies", async () => {
    const response = await edge.fetch("/v1/images/generations", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-lang",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")).toContain("x-stainless-lang");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("may read our headers", async () => {
    const response = await edge.fetch("/v1/models");
    expect(response.headers.get("access-control-expose-headers")).toBe("*");
  });
});

describe("the models that are added while the service runs", () => {
  const tokenizer = JSON.stringify(tinyBundle.tokenizer);

  /** Another revision of the tiny model under this id; the edge needs no graph of it. */
  async function bodyOf(id: string, revision: string) {
    const file = { sha256: await digestOf(tokenizer), bytes: tokenizer.length };
    const files = { ...manifest.files, [manifest.text.tokenizer]: file };
    return { manifest: { ...Object(tinyBundle.model), id, revision, files }, tokenizer };
  }

  async function order(method: string, path = "", body?: object): Promise<Response> {
    return edge.fetch(`/v1/admin/models${path}`, {
      method,
      headers: { authorization: `Bearer ${edge.env.ADMIN_SECRET}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  }
  const ids = async (path = "/v1/models") => {
    const { data }: { data: { id: string; revision: string }[] } = await (await edge.fetch(path)).json();
    return data.map(({ id, revision }) => `${id}@${revision}`);
  };
  const built = `tiny@${manifest.revision}`;

  test("are named by requests from then on, an id for what was added last, and by no request once taken back", async () => {
    const key = await edge.createKey();
    for (const revision of ["one", "two"])
      expect((await order("PUT", "", await bodyOf("mine", revision))).status).toBe(200);
    expect(await ids()).toEqual([built, "mine@two"]);
    const made = async (model: string) => {
      await edge.generate(key, { prompt: "apple", seed: 1, model });
      return edge.backend.jobs.at(-1)?.revision;
    };
    expect([await made("mine"), await made("mine@one"), await made("tiny")]).toEqual(["two", "one", manifest.revision]);

    expect((await order("DELETE", "/mine@two")).status).toBe(200);
    expect(await ids()).toEqual([built, "mine@one"]);
    expect((await edge.post(key, { prompt: "apple", model: "mine@two" })).status).toBe(404);
    expect((await order("DELETE", "/mine")).status).toBe(200);
    expect(await ids()).toEqual([built]);
    expect((await order("DELETE", "/never@added")).status).toBe(404);

    // Another isolate knows within ten seconds.
    const other = createAddedModels(edge.services.modelStore, () => edge.nowMs);
    expect(await other.find("mine@three")).toBeUndefined();
    expect((await order("PUT", "", await bodyOf("mine", "three"))).status).toBe(200);
    edge.nowMs += 10_000;
    expect((await other.offered()).map(({ revision }) => revision)).toEqual(["three"]);
    const document = JSON.stringify(await (await edge.fetch("/openapi.json")).json());
    expect(document).toContain('"mine@three"');
    await order("DELETE", "/mine");
  });

  test("are many: a request of one reads that one's files, and a damaged file of another does not matter to it", async () => {
    for (const revision of ["whole", "damaged", "third"])
      expect((await order("PUT", "", await bodyOf(`many-${revision}`, revision))).status).toBe(200);
    const { modelStore: store } = edge.services;
    const damaged = (await store.list()).find(({ revision }) => revision === "damaged")?.manifest;
    const read: string[] = [];
    const counted = {
      ...store,
      async read(digest: string) {
        read.push(digest);
        return digest === damaged ? "damaged" : store.read(digest);
      },
    };
    const fresh = createAddedModels(counted, () => edge.nowMs);
    expect((await fresh.find("many-whole"))?.manifest.revision).toBe("whole");
    expect(read).toHaveLength(2);
    expect((await fresh.manifestOf("whole"))?.id).toBe("many-whole");
    expect(read).toHaveLength(2);
    await expect(fresh.find("many-damaged")).rejects.toThrow();
    for (const revision of ["whole", "damaged", "third"]) await order("DELETE", `/many-${revision}`);
  });

  test("of the id that the service was built with are named with their revision alone", async () => {
    expect((await order("PUT", "", await bodyOf("tiny", "next"))).status).toBe(200);
    expect(await ids()).toEqual([built]);
    expect(await (await edge.fetch("/v1/models/tiny")).json()).toMatchObject({ revision: manifest.revision });
    expect(await (await edge.fetch("/v1/models/tiny@next")).json()).toMatchObject({ revision: "next" });
    await order("DELETE", "/tiny@next");
  });

  test("with an adapter are named with its strength, however that is spelled, in paths and by limited keys too", async () => {
    const key = await edge.createKey();
    for (const [id, revision] of [
      ["tiny+sketch", "full"],
      ["tiny+sketch:0.5", "half"],
      ["tiny+ink:0.8", "ink"],
    ] as const)
      expect((await order("PUT", "", await bodyOf(id, revision))).status).toBe(200);
    expect(await ids()).toEqual([built, "tiny+sketch@full", "tiny+sketch:0.5@half", "tiny+ink:0.8@ink"]);

    const made = async (model: string, by = key) => {
      await edge.generate(by, { prompt: "apple", seed: 2, model });
      return edge.backend.jobs.at(-1)?.revision;
    };
    expect([await made("tiny+sketch:1.0"), await made("tiny+sketch:0.50")]).toEqual(["full", "half"]);
    expect(await made("tiny+ink:0.80@ink")).toBe("ink");
    const path = `/v1/models/${encodeURIComponent("tiny+sketch:0.50")}`;
    expect(await (await edge.fetch(path)).json()).toMatchObject({ id: "tiny+sketch:0.5", revision: "half" });
    expect(await (await edge.fetch("/v1/models/tiny+ink:0.8")).json()).toMatchObject({ revision: "ink" });

    const missing = await edge.post(key, { prompt: "apple", model: "tiny+sketch:0.7" });
    expect([missing.status, (await missing.json<{ error: { message: string } }>()).error.message]).toEqual([
      404,
      expect.stringContaining("Accepted: tiny+sketch, tiny+sketch:0.5. "),
    ]);

    const limited = await edge.createKey(`account-${crypto.randomUUID()}`, undefined, { models: ["tiny+sketch:0.50"] });
    expect(await made("tiny+sketch:0.5", limited)).toBe("half");
    expect((await edge.post(limited, { prompt: "apple", model: "tiny+sketch" })).status).toBe(403);

    expect((await order("DELETE", `/${encodeURIComponent("tiny+sketch:1")}`)).status).toBe(200);
    for (const name of ["tiny+sketch:0.5@half", "tiny+ink:0.8"]) await order("DELETE", `/${name}`);
    expect(await ids()).toEqual([built]);
  });

  test("have an id for each revision: the same files under another name are refused, and the first keeps its place", async () => {
    expect((await order("PUT", "", await bodyOf("mine", "six"))).status).toBe(200);
    const again = await order("PUT", "", await bodyOf("mine+nothing", "six"));
    expect([again.status, await again.json()]).toMatchObject([
      400,
      { error: { param: "manifest", message: expect.stringContaining("'mine'") } },
    ]);
    expect(await ids()).toEqual([built, "mine@six"]);
    await order("DELETE", "/mine");
  });

  test("are for a key those that it is limited to: others it can neither name, list nor decode", async () => {
    expect((await order("PUT", "", await bodyOf("mine", "five"))).status).toBe(200);
    const account = `account-${crypto.randomUUID()}`;
    const free = await edge.createKey(account);
    const limited = await edge.createKey(account, 0, { models: ["mine"] });
    const refusal = { error: { code: "model_not_allowed", param: "model" } };

    expect((await edge.generate(limited, { prompt: "apple" })).data).toHaveLength(1);
    expect(edge.backend.jobs.at(-1)?.revision).toBe("five");
    const { data } = await edge.generate(free, { prompt: "apple", model: "tiny" });
    const refused = [
      await edge.post(limited, { prompt: "apple", model: "tiny" }),
      await edge.get(limited, "/v1/models/tiny"),
      await edge.fetch(`/v1/latents/${data[0]?.latent_id}/decode`, {
        method: "POST",
        headers: { authorization: `Bearer ${limited}`, "content-type": "application/json" },
        body: "{}",
      }),
    ];
    for (const answer of refused) expect([answer.status, await answer.json()]).toMatchObject([403, refusal]);
    const unknown = await edge.post(limited, { prompt: "apple", model: "other" });
    expect([unknown.status, (await unknown.json<{ error: { message: string } }>()).error.message]).toEqual([
      404,
      expect.not.stringContaining("tiny"),
    ]);
    const listed: { data: { id: string }[] } = await (await edge.get(limited, "/v1/models")).json();
    expect(listed.data.map(({ id }) => id)).toEqual(["mine"]);
    const keys = await (await edge.admin("GET", `${account}/keys`)).json();
    expect(keys).toMatchObject({ data: [{ models: null }, { models: ["mine"] }] });
    await order("DELETE", "/mine");
  });

  test("are taken back, but for the one that is built in", async () => {
    const answer = await order("DELETE", `/tiny@${manifest.revision}`);
    const { error } = await answer.json<{ error: { message: string } }>();
    expect([answer.status, error.message]).toEqual([400, expect.stringContaining("built into the service")]);
  });

  test("cost what their operator says by the price book's measure, for making, decoding and quoting", async () => {
    const body = { ...(await bodyOf("dear", "dear-one")), price_factor: 10 };
    expect(await (await order("PUT", "", body)).json()).toMatchObject({ price_factor: 10 });
    const key = await edge.createKey();
    const quoteOf = async (model: string) => {
      const init = { method: "POST", headers: { authorization: `Bearer ${key}`, "content-type": "application/json" } };
      const response = await edge.fetch("/v1/quotes", { ...init, body: JSON.stringify({ prompt: "apple", model }) });
      return response.json<{ picture_micro_usd: { generated: number; latent: number; image: number } }>();
    };
    // Of 6 steps on 16 cells and of 64×64 pixels; keeping a latent costs 1 for every model.
    const [usual, dear] = [(await quoteOf("tiny")).picture_micro_usd, (await quoteOf("dear")).picture_micro_usd];
    expect([usual.generated, dear.generated]).toEqual([17 + 1 + 3, 168 + 1 + 21]);
    expect([usual.latent - usual.image, dear.latent - dear.image]).toEqual([3, 21]);
    const { usage } = await edge.generate(key, { prompt: "apple", seed: 1, model: "dear" });
    expect(usage.cost?.micro_usd).toBe(dear.generated);
    await order("DELETE", "/dear");
  });

  test.each<[string, () => Promise<object>, string | null]>([
    ["whose manifest lacks a field", async () => ({ manifest: {}, tokenizer }), "manifest"],
    [
      "whose tokenizer is not the manifest's",
      async () => ({ ...(await bodyOf("x", "y")), tokenizer: "{}" }),
      "tokenizer",
    ],
    ["that the service was built with", async () => ({ manifest: tinyBundle.model, tokenizer }), "manifest"],
    ["of no form that is known", async () => ({ model: 1 }), "manifest"],
  ])("are refused, naming the field: one %s", async (_, body, param) => {
    const refused = await order("PUT", "", await body());
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param } }]);
    expect(await ids()).toEqual([built]);
  });

  const missed = { value: 12.34567, count: 9, low: 12, high: 13, threshold: 25, outcome: "missed" };
  const reportOn = (revision: string, verdict = "missed") => ({
    format: "wuerstchen-edge/kpi@1",
    model: "Mine",
    revision,
    date: "2026-11-27",
    set: { name: "pots", pictures: 60, held_out: 6 },
    chance: 4,
    verdict,
    figures: { restoration: missed },
    groups: {},
    left_out: {},
  });

  test("are refused by what their own report misses, and offered all the same by an operator whom the log names", async () => {
    const body = { ...(await bodyOf("mine", "poor")), kpi: reportOn("poor") };
    const refused = await order("PUT", "", body);
    expect([refused.status, await refused.json()]).toMatchObject([
      422,
      {
        error: {
          code: "thresholds_missed",
          param: "kpi",
          message: expect.stringContaining("restoration is 12.35, the threshold 25"),
        },
      },
    ]);
    expect(await ids()).toEqual([built]);

    const forced = await order("PUT", "", { ...body, force: true });
    expect([forced.status, await forced.json()]).toMatchObject([
      200,
      { forced: true, report: { verdict: "missed", figures: { restoration: { value: 12.34567 } } } },
    ]);
    const list = await edge.get(edge.env.ADMIN_SECRET, "/v1/admin/models");
    const { data } = await list.json<{ data: readonly object[] }>();
    expect([data[0], data.at(-1)]).toMatchObject([
      { report: null, forced: false },
      { id: "mine", revision: "poor", report: { verdict: "missed" }, forced: true },
    ]);
    await order("DELETE", "/mine");
    await order("DELETE", "/mine");

    const log: { data: object[] } = await (
      await edge.get(edge.env.ADMIN_SECRET, "/v1/admin/audit/models?limit=100")
    ).json();
    const missedText = ["restoration is 12.35, the threshold 25"];
    expect(log.data.slice(-2)).toMatchObject([
      {
        actor: "operator",
        action: "model.added",
        subject: "mine@poor",
        details: { forced: true, missed: missedText, verdict: "missed" },
      },
      { actor: "operator", action: "model.withdrawn", subject: "mine@poor" },
    ]);
  });

  test("are taken with a report that misses nothing, and refused with one that is not on them", async () => {
    const good = await order("PUT", "", { ...(await bodyOf("mine", "good")), kpi: reportOn("good", "unsure") });
    expect([good.status, await good.json()]).toMatchObject([200, { forced: false, report: { verdict: "unsure" } }]);
    for (const kpi of [reportOn("another"), { ...reportOn("good"), format: "another" }]) {
      const refused = await order("PUT", "", { ...(await bodyOf("mine", "good")), kpi, force: true });
      expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "kpi" } }]);
    }
    await order("DELETE", "/mine");
  });

  test("are refused where no backend holds them", async () => {
    edge.backend.behaviour = () => Response.json({ error: { code: "model_not_found" } }, { status: 404 });
    const refused = await order("PUT", "", await bodyOf("mine", "four"));
    expect([refused.status, await refused.json()]).toMatchObject([502, { error: { code: "model_unavailable" } }]);
  });
});
