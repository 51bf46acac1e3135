import { describe, expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { doubledLatent } from "../support/picture-tools-double.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for a picture of 64×64 and a latent of 4×4 made in 6 steps. */
const prices = { hit: 18, decoded: 3, mixed: 20, stored: 1 };

function post(key: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return edge.fetch(path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function latentOf(key: string, seed = 9): Promise<string> {
  return firstPicture(await edge.generate(key, { prompt: "apple", seed })).latent_id;
}

function put(key: string, body: Uint8Array<ArrayBuffer>, type = "application/octet-stream"): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": type };
  return edge.fetch("/v1/latents", { method: "PUT", headers, body });
}

const answerOf = async (response: Promise<Response>) => (await response).json<ImagesResponse>();

describe("decoding a latent", () => {
  test("costs a hit, and a decode where this edge has no copy", async () => {
    const key = await edge.createKey();
    const path = `/v1/latents/${await latentOf(key)}/decode`;
    expect((await answerOf(post(key, path, {}))).usage.cost.micro_usd).toBe(prices.hit);
    const webp = await answerOf(post(key, path, { output_format: "webp", output_compression: 50 }));
    expect(webp.usage.cost.micro_usd).toBe(prices.hit + prices.decoded);
    expect(webp).toMatchObject({ size: "64x64", output_format: "webp", data: [{ seed: 9, tier: "latent" }] });
    expect(backend.decodes.at(-1)).toMatchObject({ format: "webp", quality: 50 });
  });

  test("gives a link or bytes where that is asked for", async () => {
    const key = await edge.createKey();
    const path = `/v1/latents/${await latentOf(key)}/decode`;
    const { data } = await answerOf(post(key, path, { response_format: "url" }));
    expect((await edge.fetch((data[0] as { url: string }).url)).status).toBe(200);
    const bytes = await post(key, path, {}, { accept: "image/jpeg" });
    expect(bytes.headers.get("content-type")).toBe("image/jpeg");
  });

  test("in another size than its own is refused, telling its own", async () => {
    const key = await edge.createKey();
    const response = await post(key, `/v1/latents/${await latentOf(key)}/decode`, { size: "96x96" });
    expect(await response.json()).toMatchObject({ error: { param: "size", message: /64x64/u } });
  });

  test("repeated with its idempotency key is charged once", async () => {
    const key = await edge.createKey("decodes-once", 1_000);
    const id = await latentOf(key);
    const before = (await edge.ledger("decodes-once").balances()).spent;
    const headers = { "idempotency-key": "again" };
    await post(key, `/v1/latents/${id}/decode`, {}, headers);
    expect((await post(key, `/v1/latents/${id}/decode`, {}, headers)).headers.get("idempotent-replayed")).toBe("true");
    expect((await edge.ledger("decodes-once").balances()).spent).toBe(before + prices.hit);
  });
});

describe("between two latents", () => {
  test("a mix is paid once, stored, and found again", async () => {
    const key = await edge.createKey();
    const [first, second] = [await latentOf(key, 1), await latentOf(key, 2)];
    const body = { latent_id: second, t: [0.25, 0.75] };
    const made = await answerOf(post(key, `/v1/latents/${first}/interpolate`, body));
    expect(made.usage.cost.micro_usd).toBe(2 * (prices.mixed + prices.stored + prices.decoded));
    expect(made.data.map(({ seed }) => seed)).toEqual([1, 2]);
    const again = await answerOf(post(key, `/v1/latents/${first}/interpolate`, body));
    expect(again.usage.cost.micro_usd).toBe(2 * prices.hit);
    expect((await edge.get(key, `/v1/latents/${firstPicture(made).latent_id}`)).status).toBe(200);
  });

  test.each<[string, object]>([
    ["t", { t: 1.5 }],
    ["t", { t: [] }],
    ["latent_id", { latent_id: "x" }],
    ["colour", { colour: 1 }],
  ])("a wrong %s is refused", async (param, change) => {
    const key = await edge.createKey();
    const id = await latentOf(key);
    const response = await post(key, `/v1/latents/${id}/interpolate`, { latent_id: id, ...change });
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
  });
});

describe("another account's latent cannot be told from one that is not there:", () => {
  test.each<[string, (key: string, id: string) => Promise<Response>]>([
    ["decode", (key, id) => post(key, `/v1/latents/${id}/decode`, {})],
    ["variations", (key, id) => post(key, `/v1/latents/${id}/variations`, {})],
    [
      "interpolate from",
      async (key, id) => post(key, `/v1/latents/${id}/interpolate`, { latent_id: await latentOf(key) }),
    ],
    [
      "interpolate to",
      async (key, id) => post(key, `/v1/latents/${await latentOf(key)}/interpolate`, { latent_id: id }),
    ],
    [
      "delete",
      (key, id) => edge.fetch(`/v1/latents/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${key}` } }),
    ],
  ])("%s", async (_, ask) => {
    const owner = await edge.createKey();
    const id = await latentOf(owner);
    const stranger = await edge.createKey();
    const [theirs, none] = [await ask(stranger, id), await ask(stranger, "0".repeat(64))];
    expect([theirs.status, none.status]).toEqual([404, 404]);
    expect(await theirs.json()).toEqual(await none.json());
    expect((await edge.get(owner, `/v1/latents/${id}`)).status).toBe(200);
  });
});

describe("a latent that is brought", () => {
  test("is kept under an id that its content decides, for its owner alone, and is paid once", async () => {
    const key = await edge.createKey();
    const file = doubledLatent("brought");
    const first = await put(key, file);
    const again = await put(key, file);
    expect([first.status, again.status]).toEqual([201, 200]);
    const kept = await first.json<{ id: string }>();
    expect(kept).toMatchObject({ object: "latent", size: "64x64", cost: { micro_usd: prices.stored } });
    expect(await again.json()).toMatchObject({ id: kept.id, cost: { micro_usd: 0 } });
    expect(await (await put(await edge.createKey(), file)).json()).not.toMatchObject({ id: kept.id });
    expect((await post(key, `/v1/latents/${kept.id}/decode`, {})).status).toBe(200);
  });

  test("several times at once is new, and is paid, once", async () => {
    const key = await edge.createKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => put(key, doubledLatent("at once"))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    const kept = await Promise.all(answers.map((answer) => answer.json<{ id: string; cost: { micro_usd: number } }>()));
    expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
    expect(kept.reduce((sum, { cost }) => sum + cost.micro_usd, 0)).toBe(prices.stored);
  });

  test("is refused with the reason when it is none, and no backend is asked", async () => {
    const key = await edge.createKey();
    const calls = backend.transcript.length;
    const response = await put(key, new Uint8Array(9));
    expect(backend.transcript.length).toBe(calls);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: "latent" } });
  });

  test("has its content type and a size", async () => {
    const key = await edge.createKey();
    expect((await put(key, doubledLatent("x"), "application/json")).status).toBe(415);
    expect((await put(key, new Uint8Array(600 * 1024))).status).toBe(413);
  });
});

test("a deleted latent is gone, and the same request makes it again", async () => {
  const key = await edge.createKey();
  const id = await latentOf(key);
  const headers = { authorization: `Bearer ${key}` };
  const deleted = await edge.fetch(`/v1/latents/${id}`, { method: "DELETE", headers });
  expect(await deleted.json()).toEqual({ id, object: "latent", deleted: true });
  expect((await edge.get(key, `/v1/latents/${id}`)).status).toBe(404);
  const before = backend.jobs.length;
  expect(await latentOf(key)).toBe(id);
  expect(backend.jobs.length).toBe(before + 1);
});

test("a deleted latent's seed is given to nobody any more", async () => {
  const account = "forgetful";
  const key = await edge.createKey(account);
  const id = await latentOf(key, 77);
  const seedOf = async () => firstPicture(await edge.generate(key, { prompt: "apple" })).seed;
  expect(await seedOf()).toBe(77);
  await edge.fetch(`/v1/latents/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${key}` } });
  expect(await seedOf()).not.toBe(77);
});

test("every way to a latent needs a key", async () => {
  const id = "0".repeat(64);
  for (const [method, path] of [
    ["PUT", "/v1/latents"],
    ["DELETE", `/v1/latents/${id}`],
    ["POST", `/v1/latents/${id}/decode`],
    ["POST", `/v1/latents/${id}/interpolate`],
    ["POST", `/v1/latents/${id}/variations`],
    ["POST", "/v1/images/edits"],
    ["POST", "/v1/images/variations"],
  ] as const) {
    expect((await edge.fetch(path, { method })).status).toBe(401);
  }
});
