import { beforeAll, describe, expect, test } from "vitest";
import { type RouteProbe, routeProbes } from "./support/route-probes.ts";
import { firstPicture, TestEdge } from "./support/test-edge.ts";

// Every route, those that will come included, is asked what an attacker would ask.

const edge = new TestEdge();
const probes = routeProbes(edge.services);
const keyed = probes.filter(({ credential }) => credential === "api-key");
const guarded = probes.filter(({ credential }) => credential !== "none");
const withBody = probes.filter(({ bodyType }) => bodyType !== undefined);

/** Longer than any route reads. */
const enormousBytes = 40 * 1024 * 1024;

let key: string;
const credentialOf = (probe: RouteProbe) => (probe.credential === "admin" ? edge.env.ADMIN_SECRET : key);

interface Ask {
  readonly credential?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
}

function ask(probe: RouteProbe, { credential, method = probe.method, headers = {}, body }: Ask = {}) {
  const authorization: Record<string, string> =
    credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  return edge.fetch(probe.path, {
    method,
    // Each from an address of its own: wrong credentials of one address are limited.
    headers: { "cf-connecting-ip": crypto.randomUUID(), ...authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

/** Status and code of a failure, which has the form that its route documents. */
async function failureOf(response: Response): Promise<readonly [number, string]> {
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/u);
  const body: { error: { code: string } | string; code?: string } = await response.json();
  return [response.status, typeof body.error === "string" ? (body.code ?? "") : body.error.code];
}

beforeAll(async () => {
  await edge.admin("PUT", "somebody", {});
  key = await edge.createKey();
});

describe("a credential", () => {
  test.each(guarded)("that is missing or wrong does not open $name", async (probe) => {
    const calls = edge.backend.transcript.length;
    expect(await failureOf(await ask(probe))).toEqual([401, "missing_api_key"]);
    const wrong = [`we_${"0".repeat(28)}`, "x".repeat(10_000), "a.b.c"];
    for (const credential of wrong) {
      expect(await failureOf(await ask(probe, { credential }))).toEqual([401, "invalid_api_key"]);
    }
    const basic = await ask(probe, { headers: { authorization: `Basic ${btoa(`user:${key}`)}` } });
    expect(await failureOf(basic)).toEqual([401, "missing_api_key"]);
    expect(edge.backend.transcript.length).toBe(calls);
  });

  test.each(keyed)("in the query, or the operator's, does not open $name", async (probe) => {
    const separator = probe.path.includes("?") ? "&" : "?";
    const inQuery = { ...probe, path: `${probe.path}${separator}api_key=${key}&authorization=Bearer%20${key}` };
    expect(await failureOf(await ask(inQuery))).toEqual([401, "missing_api_key"]);
    expect(await failureOf(await ask(probe, { credential: edge.env.ADMIN_SECRET }))).toEqual([401, "invalid_api_key"]);
  });

  test.each(probes.filter(({ credential }) => credential === "admin"))(
    "of a caller does not open $name",
    async (probe) => {
      expect(await failureOf(await ask(probe, { credential: key }))).toEqual([401, "invalid_api_key"]);
    },
  );

  test.each(keyed)("that is revoked, expired, suspended or lacks the scope does not open $name", async (probe) => {
    const refusals = [];
    for (const spoil of [revoked, expired, suspended, withoutScope]) {
      refusals.push(await failureOf(await ask(probe, { credential: await spoil() })));
    }
    expect(refusals).toEqual([
      [401, "invalid_api_key"],
      [401, "invalid_api_key"],
      [403, "account_suspended"],
      [403, "insufficient_scope"],
    ]);
  });
});

async function revoked(): Promise<string> {
  const account = `account-${crypto.randomUUID()}`;
  const made = await edge.createKey(account);
  const { data } = await (await edge.admin("GET", `${account}/keys`)).json<{ data: { id: string }[] }>();
  for (const { id } of data) await edge.admin("DELETE", `${account}/keys/${id}`);
  return made;
}

async function expired(): Promise<string> {
  const expires = new Date(edge.nowMs + 1_000).toISOString();
  const made = await edge.createKey(undefined, 0, { expires_at: expires });
  edge.nowMs += 2_000;
  return made;
}

async function suspended(): Promise<string> {
  const account = `account-${crypto.randomUUID()}`;
  const made = await edge.createKey(account);
  await edge.admin("PUT", account, { suspended: true });
  return made;
}

/** `shared_cache` widens what other scopes allow, and opens no route itself. */
function withoutScope(): Promise<string> {
  return edge.createKey(undefined, 0, { scopes: ["shared_cache"] });
}

describe("a body", () => {
  test.each(withBody)("that is enormous is refused by $name, whether it says so or not", async (probe) => {
    const headers = { "content-type": probe.bodyType ?? "" };
    const declared = await ask(probe, {
      credential: credentialOf(probe),
      headers,
      body: new Uint8Array(enormousBytes),
    });
    expect(await failureOf(declared)).toEqual([413, "payload_too_large"]);
    const chunk = new Uint8Array(1024 * 1024);
    let left = enormousBytes / chunk.length;
    const undeclared = new ReadableStream({
      pull(controller) {
        if (left === 0) controller.close();
        else controller.enqueue(chunk);
        left -= 1;
      },
    });
    const streamed = await ask(probe, { credential: credentialOf(probe), headers, body: undeclared });
    expect(await failureOf(streamed)).toEqual([413, "payload_too_large"]);
  });

  test.each(withBody)("of another type, or of none, is refused by $name", async (probe) => {
    for (const type of ["text/plain", "application/xml", "application/json-patch+json"]) {
      const asked = { credential: credentialOf(probe), headers: { "content-type": type }, body: "{}" };
      expect(await failureOf(await ask(probe, asked))).toEqual([415, "unsupported_media_type"]);
    }
  });

  // A webhook's body is not read at all unless it is signed.
  const isRead = ({ bodyType, path }: RouteProbe) => bodyType === "application/json" && path !== "/v1/stripe/webhook";

  test.each(withBody.filter(isRead))(
    "that is no JSON object is refused by $name, and nothing of it comes back",
    async (probe) => {
      const headers = { "content-type": "application/json" };
      for (const body of ['{"prompt": "a secret"', "[]", '"a secret"', "null", "1e999", "{".repeat(5_000)]) {
        const response = await ask(probe, { credential: credentialOf(probe), headers, body });
        const text = await response.clone().text();
        expect((await failureOf(response))[0], body).toBeOneOf([400, 404]);
        expect(text).not.toContain("secret");
      }
    },
  );
});

describe("a method", () => {
  test.each(probes)("that $name does not have is answered with those that its path has", async (probe) => {
    const allowed = probes.filter(({ path }) => path === probe.path).map(({ method }) => method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"].filter(
      (name) => !allowed.includes(name),
    )) {
      const response = await ask(probe, { method, credential: credentialOf(probe) });
      const named = response.headers.get("allow")?.split(", ") ?? [];
      expect(await failureOf(response)).toEqual([405, "method_not_allowed"]);
      expect(named.filter((name) => name !== "HEAD").sort()).toEqual(allowed.toSorted());
    }
  });
});

describe("what a caller writes", () => {
  const strange = [
    "%0d%0aset-cookie:%20a=b",
    "..%2f..%2fadmin",
    "%00",
    "%e2%80%ae",
    "a".repeat(5_000),
    "'%20or%201=1--",
  ];

  test.each(probes)("into the path of $name is neither a header nor a fault of ours", async (probe) => {
    for (const piece of strange) {
      const path = probe.path.replace(/somebody|0{64}|0123456789abcdef/u, piece);
      const response = await ask({ ...probe, path }, { credential: credentialOf(probe) });
      expect(response.status, path.slice(0, 80)).toBeLessThan(500);
      expect(response.headers.get("set-cookie")).toBeNull();
    }
  });

  test.each(probes)("into headers of $name comes back in none", async (probe) => {
    const headers = { "x-request-id": "req_mine", "x-forwarded-host": "evil.example", origin: "https://evil.example" };
    const response = await ask(probe, { credential: credentialOf(probe), headers });
    const text = [...response.headers].flat().join("\n") + (await response.text());
    expect(text).not.toContain("req_mine");
    expect(text).not.toContain("evil.example");
  });

  test("never reaches the log", async () => {
    const prompt = `secret-${crypto.randomUUID()}`;
    await edge.generate(key, { prompt });
    await edge.fetch(`/v1/${prompt}?${prompt}`, { headers: { authorization: `Bearer ${prompt}` } });
    expect(edge.logLines.length).toBeGreaterThan(0);
    expect(edge.logLines.join("\n")).not.toContain(prompt);
    expect(edge.logLines.join("\n")).not.toContain(key);
  });
});

describe("another tenant's latent", () => {
  test.each(keyed.filter(({ path }) => path.includes(`/latents/${"0".repeat(64)}`)))(
    "looks to $name just like one that does not exist",
    async (probe) => {
      const theirs = await edge.createKey();
      const { latent_id: id } = firstPicture(await edge.generate(theirs, { prompt: `owl ${probe.name}` }));
      const json = probe.bodyType === "application/json";
      const content: Ask = json ? { headers: { "content-type": "application/json" }, body: "{}" } : {};
      const answers = await Promise.all(
        [id, "f".repeat(64)].map(async (latentId) => {
          const path = probe.path.replace("0".repeat(64), latentId);
          const response = await ask({ ...probe, path }, { credential: key, ...content });
          const { "x-request-id": _, ...headers } = Object.fromEntries(response.headers);
          return { status: response.status, body: await response.text(), names: Object.keys(headers).sort() };
        }),
      );
      expect(answers[0]?.status).toBeOneOf([400, 404]);
      expect(answers[0]).toEqual(answers[1]);
      expect((await edge.get(theirs, `/v1/latents/${id}`)).status).toBe(200);
    },
  );
});
