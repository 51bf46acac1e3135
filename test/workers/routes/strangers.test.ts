import { expect, test } from "vitest";
import { requirementsOf } from "../../../workers/payments/x402.ts";
import { TestEdge } from "../support/test-edge.ts";

// What nobody pays for must not make work without bound: each is limited by address.

const from = (address: string) => ({ "cf-connecting-ip": address });

/** The statuses of so many requests, one after another. */
async function statusesOf(count: number, ask: () => Promise<Response>): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i += 1) statuses.push((await ask()).status);
  return statuses;
}

const edge = new TestEdge();

test.each<[string, string]>([
  ["an operator's credential", "/v1/admin/accounts"],
  ["an API key", "/v1/balance"],
])("%s that is wrong is told so for a while, and then to wait; a right one from there opens", async (_, path) => {
  const address = from(`198.51.100.${path.length}`);
  const wrong = { ...address, authorization: `Bearer we_${"0".repeat(28)}` };
  const statuses = await statusesOf(200, () => edge.fetch(path, { headers: wrong }));
  expect(statuses[0]).toBe(401);
  expect(statuses.at(-1)).toBe(429);
  const refused = await edge.fetch(path, { headers: wrong });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const credential = path.includes("admin") ? edge.env.ADMIN_SECRET : await edge.createKey();
  const right = { ...address, authorization: `Bearer ${credential}` };
  expect((await edge.fetch(path, { headers: right })).status).toBe(200);
});

/** An edge that is paid by x402, and a way to offer it a payment. */
async function paidEdge(answer: () => Response) {
  const calls: string[] = [];
  const paid = new TestEdge(
    {
      X402_PAY_TO: `0x${"1".repeat(40)}`,
      X402_FACILITATOR_URL: "https://facilitator.test",
      X402_NETWORK: "eip155:84532",
      X402_ASSET: `0x${"2".repeat(40)}`,
    },
    async (url) => {
      calls.push(url);
      return answer();
    },
  );
  const ask = (header: Record<string, string>, address: string) =>
    paid.fetch("/v1/images/generations", {
      method: "POST",
      headers: { "content-type": "application/json", ...from(address), ...header },
      body: JSON.stringify({ prompt: "apple", seed: 1 }),
    });
  const asked = await ask({}, "203.0.113.1");
  const { accepts } = JSON.parse(atob(asked.headers.get("payment-required") ?? ""));
  expect(accepts[0]).toMatchObject(requirementsOf(paid.services.x402 ?? expect.fail(), Number(accepts[0].amount)));
  const payload = { signature: "0x00", authorization: { from: `0x${"3".repeat(40)}`, nonce: `0x${"4".repeat(64)}` } };
  const payment = btoa(JSON.stringify({ x402Version: 2, accepted: accepts[0], payload }));
  return { calls, pay: (address: string) => ask({ "payment-signature": payment }, address) };
}

const invalid = () => Response.json({ isValid: false });

test("invented payments ask the facilitator a bounded number of times", async () => {
  const { calls, pay } = await paidEdge(invalid);
  const statuses = await statusesOf(200, () => pay("203.0.113.9"));
  expect(statuses[0]).toBe(402);
  expect(statuses.at(-1)).toBe(429);
  expect(calls.length).toBeLessThan(130);
});

test("invented payments that come all at once ask the facilitator a bounded number of times too", async () => {
  const { calls, pay } = await paidEdge(invalid);
  const answers = await Promise.all(Array.from({ length: 320 }, () => pay("203.0.113.10")));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([402, 429]));
  // 60 in a minute, which may pass into the next, and 16 under way.
  expect(calls.length).toBeLessThan(150);
});

test("a facilitator that cannot be reached counts against nobody who pays", async () => {
  const { pay } = await paidEdge(() => new Response("down", { status: 500 }));
  const statuses = await statusesOf(200, () => pay("203.0.113.11"));
  expect(new Set(statuses)).toEqual(new Set([502]));
});

test("health asks the backends once in five seconds, however often it is asked", async () => {
  // The newest edge of a file is the one whose backend is reached.
  const watched = new TestEdge();
  await Promise.all(Array.from({ length: 100 }, () => watched.fetch("/v1/health")));
  expect(watched.backend.transcript).toHaveLength(1);
  watched.nowMs += 5_000;
  await watched.fetch("/v1/health");
  expect(watched.backend.transcript).toHaveLength(2);
});

test("every answer forbids guessing its type and asks for TLS; no page may call the operator's routes", async () => {
  const answers = await Promise.all(
    ["/v1/models", "/v1/nowhere", "/v1/balance", "/openapi.json", "/docs"].map((path) => edge.fetch(path)),
  );
  for (const { headers } of answers) {
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("strict-transport-security")).toContain("max-age=");
    expect(headers.get("access-control-allow-origin")).toBe("*");
  }
  for (const method of ["GET", "OPTIONS"]) {
    const { headers } = await edge.fetch("/v1/admin/accounts", { method, headers: { origin: "https://page.test" } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});
