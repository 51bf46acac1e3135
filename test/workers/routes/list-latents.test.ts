import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import type { LatentList } from "../../../shared/api/latent-list.ts";
import { migrate } from "../../../workers/account/schema.ts";
import { ledgerStub } from "../support/account-book.ts";
import { doubledLatent } from "../support/picture-tools-double.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

/** By the price book, of a hit and a decode: 64×64 pixels, a latent of 4×4. */
const pictureMicroUsd = 18 + 3;

async function list(key: string, query = ""): Promise<LatentList> {
  const response = await edge.get(key, `/v1/latents${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

function send(key: string, path: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return edge.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function upload(key: string, name: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/octet-stream" };
  const response = await edge.fetch("/v1/latents", { method: "PUT", headers, body: doubledLatent(name) });
  return (await response.json<{ readonly id: string }>()).id;
}

async function generate(key: string, seed: number): Promise<string> {
  return firstPicture(await edge.generate(key, { prompt: "apple", seed })).latent_id;
}

const idsOf = ({ data }: LatentList) => data.map(({ id }) => id);

/** Of an account's tables. */
const versionBeforeList = 8;

describe("GET /v1/latents", () => {
  test("is empty for an account that made nothing", async () => {
    expect(await list(await edge.createKey())).toEqual({
      object: "list",
      data: [],
      has_more: false,
      next_cursor: null,
    });
  });

  test("tells of a generated latent its model, size, seed, age, hits and price, and no prompt", async () => {
    const key = await edge.createKey();
    const madeMs = edge.nowMs;
    const id = await generate(key, 7);
    await edge.generate(key, { prompt: "apple", seed: 7 });
    await send(key, `/v1/latents/${id}/decode`, {});
    edge.nowMs += 90_000;
    const { manifest } = edge.services.models.default;
    const [latent, ...others] = (await list(key)).data;
    expect(others).toEqual([]);
    expect(latent).toEqual({
      id,
      object: "latent",
      source: "generation",
      model: manifest.id,
      revision: manifest.revision,
      size: "64x64",
      seed: 7,
      created: expect.any(Number),
      age_seconds: expect.any(Number),
      hits: 2,
      price: { currency: "usd", micro_usd: pictureMicroUsd, price_book: 2 },
    });
    expect(latent?.created).toBeGreaterThanOrEqual(Math.floor(madeMs / 1_000));
    expect(latent?.age_seconds).toBeGreaterThanOrEqual(90);
  });

  test("asks for the price that a decode of another format is then charged", async () => {
    const key = await edge.createKey();
    const id = await generate(key, 1);
    const made = await (await send(key, `/v1/latents/${id}/decode`, { output_format: "webp" })).json<ImagesResponse>();
    expect((await list(key)).data[0]?.price?.micro_usd).toBe(made.usage.cost.micro_usd);
  });

  test("holds uploads and mixes beside what was generated, newest first", async () => {
    const key = await edge.createKey();
    const [first, second] = [await generate(key, 1), await generate(key, 2)];
    const uploaded = await upload(key, "listed");
    const body = { latent_id: second, t: 0.75 };
    const mixed = await (await send(key, `/v1/latents/${first}/interpolate`, body)).json<ImagesResponse>();
    const { data } = await list(key);
    expect(data.map(({ id, source }) => [id, source])).toEqual([
      [firstPicture(mixed).latent_id, "interpolation"],
      [uploaded, "upload"],
      [second, "generation"],
      [first, "generation"],
    ]);
    expect(data.map(({ seed }) => typeof seed)).toEqual(["number", "number", "number", "number"]);
    expect(data[0]?.seed).toBe(2);
    expect(new Set(data.map(({ size }) => size))).toEqual(new Set(["64x64"]));
  });

  test("gives every latent once, page by page, while new ones are made", async () => {
    const key = await edge.createKey();
    const made: string[] = [];
    for (const seed of [1, 2, 3]) made.unshift(await generate(key, seed));
    const first = await list(key, "?limit=2");
    expect([first.has_more, idsOf(first)]).toEqual([true, made.slice(0, 2)]);
    await generate(key, 4);
    const second = await list(key, `?limit=2&cursor=${first.next_cursor}`);
    expect([second.has_more, second.next_cursor, idsOf(second)]).toEqual([false, null, made.slice(2)]);
  });

  test("drops what the account deletes, and lists it as the newest when it is made again", async () => {
    const key = await edge.createKey();
    const [first, second] = [await generate(key, 1), await generate(key, 2)];
    const headers = { authorization: `Bearer ${key}` };
    await edge.fetch(`/v1/latents/${first}`, { method: "DELETE", headers });
    expect(idsOf(await list(key))).toEqual([second]);
    await generate(key, 1);
    expect(idsOf(await list(key))).toEqual([first, second]);
  });

  test("shows one account nothing of another's, whether or not they share latents", async () => {
    const shares = { scopes: ["generate", "latents", "shared_cache"] };
    const [maker, other] = [
      await edge.createKey(undefined, 1_000_000, shares),
      await edge.createKey(undefined, 1_000_000, shares),
    ];
    const body = { prompt: "apple", seed: 5, cache_scope: "shared" };
    const id = firstPicture(await edge.generate(maker, body)).latent_id;
    expect(firstPicture(await edge.generate(other, body)).latent_id).toBe(id);
    expect(idsOf(await list(maker))).toEqual([id]);
    expect(idsOf(await list(other))).toEqual([]);
  });

  test("lists latents of an account from before the list, with null for what was not noted of them", async () => {
    const account = `earlier-${crypto.randomUUID()}`;
    await runInDurableObject(ledgerStub(account), async (_, { storage }) => {
      await storage.deleteAll();
      migrate(storage, versionBeforeList);
      const insert = `INSERT INTO latents (id, recipe, seed, bytes, cost_micro_usd, hits, made_ms, given)
        VALUES (?, 'recipe', ?, ?, 1, 3, ?, 0)`;
      storage.sql.exec(insert, "a".repeat(64), 4, 512, 1_000);
      storage.sql.exec(insert, "b".repeat(64), 5, 512, 2_000);
      // Another account's, by the shared cache.
      storage.sql.exec(insert, "c".repeat(64), 6, 0, 3_000);
      migrate(storage);
    });
    const { data } = await list(await edge.createKey(account));
    expect(data.map(({ id }) => id[0])).toEqual(["b", "a"]);
    expect(data[0]).toMatchObject({ seed: 5, hits: 3, created: 2, model: null, revision: null, size: null });
    expect(data[0]).toMatchObject({ source: null, price: null });
  });

  test("lists what was stored for a client that left, and its seed once the request is repeated", async () => {
    const account = `left-${crypto.randomUUID()}`;
    const key = await edge.createKey(account);
    const { id: model, revision } = edge.services.models.default.manifest;
    const latentId = "d".repeat(64);
    const asked = {
      account,
      ceilingMicroUsd: 100,
      idempotencyKey: "left",
      isRetry: false,
      digest: "left",
      seeds: [6],
      recipe: "recipe",
      latentForm: { model, revision, size: "64x64" },
    };
    const lines = (["generation", "storage"] as const).map((kind) => ({ kind, latentId, microUsd: 1 }));
    const ledger = edge.ledger(account);
    await ledger.reserve({ ...asked, reservationId: "first" });
    await ledger.abandon({ reservationId: "first", lines });
    const before = await list(key);
    expect(before.data).toMatchObject([{ id: latentId, model, size: "64x64", seed: null, source: "generation" }]);
    await ledger.reserve({ ...asked, reservationId: "second" });
    const latents = [{ latentId, seed: 6, bytes: 512 }];
    await ledger.settle({ reservationId: "second", lines: [{ kind: "hit", latentId, microUsd: 1 }], latents });
    expect((await list(key)).data).toMatchObject([
      { id: latentId, seed: 6, hits: 0, created: before.data[0]?.created },
    ]);
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=1001", "limit"],
    ["cursor=last", "cursor"],
  ])("refuses ?%s, naming the parameter", async (query, param) => {
    const response = await edge.get(await edge.createKey(), `/v1/latents?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
  });

  test("is refused to a key without the scope latents", async () => {
    const key = await edge.createKey(undefined, 0, { scopes: ["generate", "read"] });
    expect((await edge.get(key, "/v1/latents")).status).toBe(403);
  });
});
