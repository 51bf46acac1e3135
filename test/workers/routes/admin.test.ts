import { describe, expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

interface KeyAnswer {
  readonly id: string;
  readonly key: string;
  readonly scopes: readonly string[];
}

interface ListAnswer {
  readonly data: readonly Record<string, unknown>[];
  readonly has_more: boolean;
}

let accounts = 0;

async function openAccount(settings: object = {}): Promise<string> {
  accounts += 1;
  const id = `admin-${accounts}`;
  expect((await edge.admin("PUT", id, settings)).status).toBe(200);
  return id;
}

async function newKey(account: string, terms: object = {}): Promise<KeyAnswer> {
  const response = await edge.admin("POST", `${account}/keys`, terms);
  expect(response.status).toBe(201);
  return response.json();
}

/** The status and error code with which a key opens the account's balance. */
async function opens(key: string): Promise<string> {
  const response = await edge.get(key, "/v1/balance");
  const { error }: { error?: { code: string } } = await response.json();
  return `${response.status} ${error?.code ?? "ok"}`;
}

describe("an account", () => {
  test("is opened, changed and shown; what a change leaves out stays", async () => {
    const id = await openAccount({ name: "Team", concurrency_max: 7 });
    await edge.admin("PUT", id, { stripe_customer: "cus_1" });
    expect(await (await edge.admin("GET", id)).json()).toMatchObject({
      object: "account",
      id,
      name: "Team",
      suspended: false,
      concurrency_max: 7,
      stripe_customer: "cus_1",
      defaults: null,
    });
    expect(await (await edge.admin("PUT", id, { concurrency_max: null })).json()).toMatchObject({
      name: "Team",
      concurrency_max: null,
    });
  });

  test("that was never opened is 404, and takes no key and no credit", async () => {
    expect((await edge.admin("GET", "nobody")).status).toBe(404);
    expect((await edge.admin("POST", "nobody/keys", {})).status).toBe(404);
    expect((await edge.admin("POST", "nobody/grants", { grant_id: "a", micro_usd: 1 })).status).toBe(404);
    expect((await edge.admin("PUT", "NOT-AN-ID", {})).status).toBe(404);
  });

  test("stands in the list, which goes from page to page in the order of the ids", async () => {
    for (const id of ["list-c", "list-a", "list-b"]) await edge.admin("PUT", id, {});
    const list = (query: string) => edge.get(edge.env.ADMIN_SECRET, `/v1/admin/accounts${query}`);
    const page = async (query: string): Promise<ListAnswer> => (await list(query)).json();
    const first = await page("?after=list-&limit=2");
    expect(first).toMatchObject({ data: [{ id: "list-a" }, { id: "list-b" }], has_more: true });
    expect(await page("?after=list-b&limit=1")).toMatchObject({ data: [{ id: "list-c" }] });
    expect((await list("?limit=0")).status).toBe(400);
  });

  test("that is suspended is refused with every key from the next request on, until it is not", async () => {
    const id = await openAccount();
    const { key } = await newKey(id);
    await edge.admin("PUT", id, { suspended: true });
    expect(await opens(key)).toBe("403 account_suspended");
    expect((await edge.post(key, { prompt: "apple" })).status).toBe(403);
    await edge.admin("PUT", id, { suspended: false });
    expect(await opens(key)).toBe("200 ok");
  });

  test.each([
    ["name", { name: 1 }],
    ["concurrency_max", { concurrency_max: 0 }],
    ["stripe_customer", { stripe_customer: "x" }],
    ["plan", { plan: "free" }],
  ])("with a wrong '%s' is refused", async (param, settings) => {
    const response = await edge.admin("PUT", "wrong", settings);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});

describe("a key", () => {
  test("is shown once, works at once, and is listed without its text or hash", async () => {
    const id = await openAccount();
    const { key, id: keyId } = await newKey(id, { name: "laptop" });
    expect(await opens(key)).toBe("200 ok");
    const listed = await (await edge.admin("GET", `${id}/keys`)).text();
    expect(JSON.parse(listed)).toMatchObject({ data: [{ id: keyId, name: "laptop", revoked_at: null }] });
    expect(listed).not.toContain(key);
    expect(listed).not.toMatch(/[0-9a-f]{64}/u);
  });

  test("opens only what its scopes name, and 403 says which one it lacks", async () => {
    const { key } = await newKey(await openAccount(), { scopes: ["read"] });
    expect(await opens(key)).toBe("200 ok");
    const refused = await edge.post(key, { prompt: "apple" });
    expect(refused.status).toBe(403);
    const body: { error: { message: string } } = await refused.json();
    expect(body).toMatchObject({ error: { code: "insufficient_scope", type: "invalid_request_error" } });
    expect(body.error.message).toContain("'generate'");
    expect((await edge.get(key, `/v1/latents/${"0".repeat(64)}`)).status).toBe(403);
  });

  test("that is revoked opens nothing from the next request on", async () => {
    const id = await openAccount();
    const { key, id: keyId } = await newKey(id);
    expect(await opens(key)).toBe("200 ok");
    expect((await edge.admin("DELETE", `${id}/keys/${keyId}`)).status).toBe(200);
    expect(await opens(key)).toBe("401 invalid_api_key");
    expect((await edge.admin("DELETE", `${id}/keys/${keyId}`)).status).toBe(200);
    expect((await edge.admin("DELETE", `${id}/keys/key_other`)).status).toBe(404);
  });

  test("that an old copy of the directory still names opens nothing when it is revoked", async () => {
    const id = await openAccount();
    const { key, id: keyId } = await newKey(id);
    const { keys } = await edge.env.API_KEYS.list();
    const copies = await Promise.all(keys.map(async ({ name }) => [name, await edge.env.API_KEYS.get(name)] as const));
    await edge.admin("DELETE", `${id}/keys/${keyId}`);
    for (const [name, value] of copies) await edge.env.API_KEYS.put(name, value ?? "");
    expect(await opens(key)).toBe("401 invalid_api_key");
  });

  test("works until it expires", async () => {
    const id = await openAccount();
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const past = new Date(edge.nowMs - 1).toISOString();
    expect(await opens((await newKey(id, { expires_at: soon })).key)).toBe("200 ok");
    expect((await edge.admin("POST", `${id}/keys`, { expires_at: past })).status).toBe(400);
    const { key } = await newKey(id, { expires_at: new Date(edge.nowMs + 60_000).toISOString() });
    expect(await opens(key)).toBe("200 ok");
    edge.nowMs += 60_000;
    expect(await opens(key)).toBe("401 invalid_api_key");
  });

  test("is exchanged for one with the same terms; both work meanwhile, or the old one ends at once", async () => {
    const id = await openAccount();
    const old = await newKey(id, { name: "app", scopes: ["read"], requests_per_minute: 5 });
    const rotations = (keyId: string) => `${id}/keys/${keyId}/rotations`;
    const rotated = await edge.admin("POST", rotations(old.id), { overlap_seconds: 3_600 });
    const next: KeyAnswer = await rotated.json();
    expect(next).toMatchObject({ name: "app", scopes: ["read"], requests_per_minute: 5 });
    expect([await opens(old.key), await opens(next.key)]).toEqual(["200 ok", "200 ok"]);
    const last: KeyAnswer = await (await edge.admin("POST", rotations(next.id), { overlap_seconds: 0 })).json();
    expect([await opens(next.key), await opens(last.key)]).toEqual(["401 invalid_api_key", "200 ok"]);
    expect((await edge.admin("POST", rotations(next.id), {})).status).toBe(404);
  });

  test("that the operator made is entered by its hash, as often as one likes, and never for a second account", async () => {
    const [id, other] = [await openAccount(), await openAccount()];
    const sha256 = "ab".repeat(32);
    const first = await newKey(id, { sha256 });
    expect(first).not.toHaveProperty("key");
    expect((await newKey(id, { sha256 })).id).toBe(first.id);
    expect((await edge.admin("POST", `${other}/keys`, { sha256 })).status).toBe(400);
    expect(await (await edge.admin("GET", `${id}/keys`)).json()).toMatchObject({ data: [{ id: first.id }] });
  });

  test.each([
    ["scopes", { scopes: [] }],
    ["scopes.0", { scopes: ["admin"] }],
    ["requests_per_minute", { requests_per_minute: 0 }],
    ["budget_micro_usd_per_day", { budget_micro_usd_per_day: 0.5 }],
    ["expires_at", { expires_at: "tomorrow" }],
    ["sha256", { sha256: "x" }],
  ])("with wrong '%s' is refused", async (param, terms) => {
    const response = await edge.admin("POST", `${await openAccount()}/keys`, terms);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});

describe("the audit log", () => {
  test("lists who did what and when, in order, each change once, and holds no key and no hash", async () => {
    const id = await openAccount();
    const { id: keyId, key } = await newKey(id, { name: "app" });
    const grant = { grant_id: "invoice-1", micro_usd: 5 };
    for (const _ of [1, 2]) await edge.admin("POST", `${id}/grants`, grant);
    await edge.admin("PUT", id, {});
    await edge.admin("POST", `${id}/keys/${keyId}/rotations`, {});
    await edge.admin("DELETE", `${id}/keys/${keyId}`);
    await edge.admin("PUT", id, { suspended: true });
    const text = await (await edge.admin("GET", `${id}/audit`)).text();
    const log: ListAnswer = JSON.parse(text);
    const deeds = ["account.opened", "key.created", "credit.granted"];
    const rest = ["key.created", "key.rotated", "key.revoked", "account.changed"];
    expect(log.data.map(({ action }) => action)).toEqual([...deeds, ...rest]);
    expect(log.data[2]).toMatchObject({ actor: "operator", subject: "invoice-1", details: { micro_usd: 5 } });
    expect(log.data.every(({ request_id }) => /^req_[0-9a-f]{32}$/u.test(String(request_id)))).toBe(true);
    expect(text).not.toContain(key);
    expect(text).not.toMatch(/[0-9a-f]{64}/u);
    const page: ListAnswer = await (await edge.admin("GET", `${id}/audit?after=2&limit=1`)).json();
    expect(page).toMatchObject({ data: [{ id: 3 }], has_more: true });
  });

  test("tells operators apart by their credentials", async () => {
    const [alice, bob] = ["a".repeat(40), "b".repeat(40)];
    const named = new TestEdge({ ADMIN_SECRET: `alice:${alice} bob:${bob}` });
    const put = (secret: string, name: string) =>
      named.fetch("/v1/admin/accounts/named", {
        method: "PUT",
        headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
        body: JSON.stringify({ name }),
      });
    expect((await put(alice, "one")).status).toBe(200);
    expect((await put(bob, "two")).status).toBe(200);
    expect((await put(`alice:${alice}`, "three")).status).toBe(401);
    const log: ListAnswer = await (await edge.admin("GET", "named/audit")).json();
    expect(log.data.map(({ actor }) => actor)).toEqual(["alice", "bob"]);
  });
});

test("no API key opens the admin API, whatever its scopes are", async () => {
  const { key } = await newKey(await openAccount());
  for (const path of ["", "/admin-1", "/admin-1/keys", "/admin-1/audit"]) {
    expect((await edge.get(key, `/v1/admin/accounts${path}`)).status).toBe(401);
  }
});
