import { describe, expect, test } from "vitest";
import type { OwnKeyList } from "../../../shared/api/own-keys.ts";
import { hashApiKey } from "../../../workers/auth/api-key.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const adminSecret = edge.env.ADMIN_SECRET;

function postJson(path: string, bearer: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
  return edge.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

describe("POST /v1/quotes", () => {
  test("tells exactly what would be held, runs nothing and costs nothing", async () => {
    const key = await edge.createKey("quoted", 1_000);
    const response = await postJson("/v1/quotes", key, { prompt: "apple", n: 3, steps: 12 });
    expect(response.status).toBe(200);
    const quote = {
      object: "quote",
      currency: "usd",
      price_book: 2,
      pictures: 3,
      ceiling_micro_usd: 3 * 38,
      picture_micro_usd: { generated: 38, latent: 23, image: 20 },
    };
    expect(await response.json()).toEqual(quote);
    expect(edge.backend.transcript).toEqual([]);
    expect(await edge.ledger("quoted").balances()).toMatchObject({ available: 1_000, held: 0, spent: 0 });
    const answer = await edge.generate(key, { prompt: "apple", n: 3, steps: 12 });
    expect(answer.usage.cost.micro_usd).toBe(quote.ceiling_micro_usd);
  });

  test("is the same whether the picture exists or not", async () => {
    const key = await edge.createKey();
    const quote = async () => (await postJson("/v1/quotes", key, { prompt: "dog", seed: 1 })).text();
    const before = await quote();
    await edge.generate(key, { prompt: "dog", seed: 1 });
    expect(await quote()).toBe(before);
  });

  test("refuses what the request itself would be refused for", async () => {
    const key = await edge.createKey();
    expect((await postJson("/v1/quotes", key, { prompt: "apple", steps: 1_000 })).status).toBe(400);
    expect((await postJson("/v1/quotes", key, { prompt: "apple", model: "other" })).status).toBe(404);
    expect((await postJson("/v1/quotes", "we_wrong", { prompt: "apple" })).status).toBe(401);
  });
});

describe("credit", () => {
  const grants = (account: string) => `/v1/admin/accounts/${account}/grants`;

  test("is granted by the operator, once for each grant id, and shown to the account", async () => {
    const key = await edge.createKey("granted", 0);
    for (const grant_id of ["invoice-1", "invoice-1", "invoice-2"]) {
      expect((await postJson(grants("granted"), adminSecret, { grant_id, micro_usd: 500 })).status).toBe(200);
    }
    expect(await (await edge.get(key, "/v1/balance")).json()).toEqual({
      object: "balance",
      currency: "usd",
      available_micro_usd: 1_000,
      held_micro_usd: 0,
      spent_micro_usd: 0,
      topup_usd_cents: null,
    });
  });

  test("is not granted to who shows an API key, another secret, or nothing", async () => {
    const key = await edge.createKey("greedy");
    const grant = { grant_id: "mine", micro_usd: 1 };
    for (const bearer of [key, `${adminSecret}x`, "x"]) {
      expect((await postJson(grants("greedy"), bearer, grant)).status).toBe(401);
    }
    expect((await edge.fetch(grants("greedy"), { method: "POST", body: JSON.stringify(grant) })).status).toBe(401);
    expect(await edge.ledger("greedy").balances()).toMatchObject({ granted: -1_000_000 });
  });

  test("the operator's credential is no API key", async () => {
    expect((await edge.get(adminSecret, "/v1/balance")).status).toBe(401);
  });

  test.each([
    ["micro_usd", { grant_id: "a", micro_usd: 0 }],
    ["micro_usd", { grant_id: "a", micro_usd: 1.5 }],
    ["micro_usd", { grant_id: "a", micro_usd: 1_000_000_000_001 }],
    ["grant_id", { grant_id: "", micro_usd: 1 }],
    ["reason", { grant_id: "a", micro_usd: 1, reason: "x" }],
  ])("with a wrong '%s' is refused: %j", async (param, grant) => {
    const response = await postJson(grants("granted"), adminSecret, grant);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });

  test("for a name that no account can have is 404", async () => {
    expect((await postJson(grants("UPPER"), adminSecret, { grant_id: "a", micro_usd: 1 })).status).toBe(404);
  });
});

describe("GET /v1/keys", () => {
  test("lists what each key of the account may do, this one marked, without a key or its hash", async () => {
    const account = `keys-${crypto.randomUUID()}`;
    const key = await edge.createKey(account, 0, { name: "first", scopes: ["read"] });
    const other = await edge.createKey(account, 0, { name: "second", budget_micro_usd_per_day: 5 });
    await edge.createKey(undefined, 0, { name: "stranger" });
    const response = await edge.get(key, "/v1/keys");
    const text = await response.text();
    const { data }: OwnKeyList = JSON.parse(text);
    expect(data.map(({ name, current }) => [name, current])).toEqual(
      expect.arrayContaining([
        ["first", true],
        ["second", false],
      ]),
    );
    expect(data).toHaveLength(2);
    expect(data.find(({ name }) => name === "second")?.budget_micro_usd_per_day).toBe(5);
    expect(text).not.toContain(key);
    expect(text).not.toContain(await hashApiKey(other));
  });

  test("is refused to a key without the scope read", async () => {
    const key = await edge.createKey(undefined, 0, { scopes: ["generate"] });
    expect((await edge.get(key, "/v1/keys")).status).toBe(403);
  });
});
