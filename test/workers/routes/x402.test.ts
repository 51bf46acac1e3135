import { describe, expect, test } from "vitest";
import { imagePromptsBodyBytesMax } from "../../../shared/limits.ts";
import { TestEdge } from "../support/test-edge.ts";

/** By the price book, for 6 steps on a latent of 4×4 and 64×64 pixels. */
const generated = 17 + 1 + 3;
const payer = `0x${"aB".repeat(20)}`;
const settings = {
  X402_PAY_TO: `0x${"1".repeat(40)}`,
  X402_NETWORK: "eip155:84532",
  X402_ASSET: `0x${"2".repeat(40)}`,
  X402_FACILITATOR_URL: "http://facilitator.test/",
};

/** A facilitator at the network's boundary: a payment is good once, as its nonce is on a chain. */
class FacilitatorDouble {
  readonly calls: string[] = [];
  readonly settled = new Set<string>();
  isDown = false;
  /** Whether `/verify` overlooks that a nonce was used, as some do. */
  verifiesUsed = false;
  /** Whether what `/settle` did is not told. */
  losesAnswers = false;

  answer(url: string, body: string): Response {
    const path = new URL(url).pathname;
    this.calls.push(path);
    if (this.isDown) return new Response("down", { status: 500 });
    const { x402Version, paymentPayload, paymentRequirements } = JSON.parse(body);
    expect(x402Version).toBe(2);
    expect(paymentPayload.accepted).toEqual(paymentRequirements);
    const nonce: string = paymentPayload.payload.authorization.nonce;
    const isSigned = paymentPayload.payload.signature === "good";
    const isGood = isSigned && !this.settled.has(nonce);
    if (path === "/verify") return Response.json({ isValid: this.verifiesUsed ? isSigned : isGood, payer });
    if (isGood) this.settled.add(nonce);
    if (this.losesAnswers) return new Response("lost", { status: 504 });
    const { network } = paymentRequirements;
    return Response.json({ success: isGood, payer, transaction: `tx-${nonce}`, network });
  }
}

function newEdge() {
  const facilitator = new FacilitatorDouble();
  const edge: TestEdge = new TestEdge(settings, async (url, init) =>
    url.startsWith("http://facilitator.test/")
      ? facilitator.answer(url, await new Request(url, init).text())
      : edge.backend.fetch(url, init),
  );
  return { edge, facilitator };
}

const json = { "content-type": "application/json" };

function ask(edge: TestEdge, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify(body) };
  return edge.fetch("/v1/images/generations", init);
}

const nonceOf = (digits: string) => `0x${digits.padStart(64, "0")}`;

/** What a wallet sends after a 402: a payment of the first kind that is accepted. */
async function payFor(asked: Response, nonce: string, more: { signature?: string; amount?: string } = {}) {
  const required = JSON.parse(atob(asked.headers.get("payment-required") ?? ""));
  const [accepted] = required.accepts;
  const { signature = "good", amount = accepted.amount } = more;
  const payment = {
    x402Version: 2,
    accepted: { ...accepted, amount },
    payload: { signature, authorization: { from: payer, nonce: nonceOf(nonce) } },
  };
  return { "payment-signature": btoa(JSON.stringify(payment)) };
}

describe("a caller without an account", () => {
  test("is told what the request costs, and nothing is done", async () => {
    const { edge, facilitator } = newEdge();
    const asked = await ask(edge, { prompt: "apple", n: 2 });
    expect(asked.status).toBe(402);
    expect(await asked.clone().json()).toMatchObject({ error: { code: "payment_required", param: null } });
    expect(JSON.parse(atob(asked.headers.get("payment-required") ?? ""))).toMatchObject({
      x402Version: 2,
      resource: { url: "https://edge.test/v1/images/generations" },
      accepts: [
        {
          scheme: "exact",
          network: settings.X402_NETWORK,
          amount: String(2 * generated),
          asset: settings.X402_ASSET,
          payTo: settings.X402_PAY_TO,
          extra: { name: "USDC", version: "2" },
        },
      ],
    });
    expect([...facilitator.calls, ...edge.backend.transcript]).toEqual([]);
  });

  test("that pays gets its pictures: verified and settled first, credited to the payer, and charged once", async () => {
    const { edge, facilitator } = newEdge();
    const asked = await ask(edge, { prompt: "apple", reuse: "fresh" });
    const payment = await payFor(asked, "11");
    const answer = await ask(edge, { prompt: "apple", reuse: "fresh" }, payment);
    expect(answer.status).toBe(200);
    expect(facilitator.calls).toEqual(["/verify", "/settle"]);
    expect(JSON.parse(atob(answer.headers.get("payment-response") ?? ""))).toMatchObject({ success: true });
    const account = `x402-${payer.toLowerCase()}`;
    expect(await edge.ledger(account).balances()).toMatchObject({ available: 0, held: 0, spent: generated });
    const again = await ask(edge, { prompt: "apple", reuse: "fresh" }, payment);
    expect(again.status).toBe(200);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(facilitator.calls).toEqual(["/verify", "/settle"]);
    expect(await edge.ledger(account).balances()).toMatchObject({ spent: generated });
  });

  test("fetches what it paid for, also from an address whose payments are refused", async () => {
    const { edge } = newEdge();
    const body = { prompt: "apple", reuse: "fresh" };
    const from = { "cf-connecting-ip": "203.0.113.77" };
    const asked = await ask(edge, body, from);
    const good = { ...from, ...(await payFor(asked, "15")) };
    expect((await ask(edge, body, good)).status).toBe(200);
    const bad = { ...from, ...(await payFor(asked, "16", { signature: "bad" })) };
    let status = 0;
    while (status !== 429) status = (await ask(edge, body, bad)).status;
    expect((await ask(edge, body, good)).status).toBe(200);
  });

  test("keeps what a request that failed, or was cheaper, did not cost, for the next one", async () => {
    const { edge, facilitator } = newEdge();
    const body = { prompt: "apple", reuse: "fresh" };
    edge.backend.behaviour = "unreachable";
    const failed = await ask(edge, body, await payFor(await ask(edge, body), "21"));
    expect(failed.status).toBe(502);
    edge.backend.behaviour = "works";
    const calls = facilitator.calls.length;
    const paid = await ask(edge, body, await payFor(await ask(edge, body), "22"));
    expect(paid.status).toBe(200);
    expect(facilitator.calls.slice(calls)).toEqual(["/verify"]);
    expect(paid.headers.get("payment-response")).toBeNull();
    expect(facilitator.settled).toEqual(new Set([nonceOf("21")]));
  });

  test("whose settlement's answer is lost can show the payment again, and the log names it", async () => {
    const { edge, facilitator } = newEdge();
    const body = { prompt: "quince", reuse: "fresh" };
    const payment = await payFor(await ask(edge, body), "81");
    facilitator.isDown = true;
    expect((await ask(edge, body, payment)).status).toBe(502);
    facilitator.isDown = false;
    facilitator.losesAnswers = true;
    expect((await ask(edge, body, payment)).status).toBe(502);
    const lines = edge.logLines.filter((line) => line.includes("x402_settlement_unknown"));
    expect(lines.at(-1)).toContain(nonceOf("81"));
    expect(lines.at(-1)).toContain(payer.toLowerCase());
    expect(edge.logLines.join("")).not.toContain("good");
    // The chain has it: the facilitator says so when it is asked again.
    facilitator.losesAnswers = false;
    facilitator.settled.clear();
    const paid = await ask(edge, body, payment);
    expect(paid.status).toBe(200);
    expect(JSON.parse(atob(paid.headers.get("payment-response") ?? ""))).toMatchObject({ success: true });
  });

  test("whose payment is shown again gets that request's answer alone, whatever the facilitator says of used nonces", async () => {
    const { edge, facilitator } = newEdge();
    facilitator.verifiesUsed = true;
    const account = `x402-${payer.toLowerCase()}`;
    const body = { prompt: "pear", reuse: "fresh" };
    const payment = await payFor(await ask(edge, body), "71");
    expect((await ask(edge, body, payment)).status).toBe(200);
    // Credit that a thief would like to use.
    await edge.admin("POST", `${account}/grants`, { grant_id: "gift", micro_usd: 10_000 });
    const before = await edge.ledger(account).balances();
    const other = await ask(edge, { prompt: "plum", reuse: "fresh" }, payment);
    expect(await other.json()).toMatchObject({ error: { code: "idempotency_key_reused" } });
    const named = await ask(edge, { prompt: "plum", reuse: "fresh" }, { ...payment, "idempotency-key": "mine" });
    expect(named.status).toBe(422);
    expect((await ask(edge, body, payment)).headers.get("idempotent-replayed")).toBe("true");
    expect(await edge.ledger(account).balances()).toEqual(before);
    edge.nowMs += 24 * 60 * 60 * 1_000;
    expect((await ask(edge, body, payment)).status).toBe(402);
    expect(await edge.ledger(account).balances()).toEqual(before);
  });

  test("whose payment was settled but whose request failed gets its pictures by the same payment", async () => {
    const { edge, facilitator } = newEdge();
    const body = { prompt: "medlar", reuse: "fresh" };
    const payment = await payFor(await ask(edge, body), "91");
    edge.backend.behaviour = "unreachable";
    expect((await ask(edge, body, payment)).status).toBe(502);
    edge.backend.behaviour = "works";
    const calls = facilitator.calls.length;
    expect((await ask(edge, body, payment)).status).toBe(200);
    expect(facilitator.calls).toHaveLength(calls);
  });

  test.each([
    ["that is not signed", { signature: "bad" }],
    ["of another amount", { amount: "1" }],
  ])("with a payment %s is asked again, and the backend is not woken", async (_, more) => {
    const { edge } = newEdge();
    const payment = await payFor(await ask(edge, { prompt: "apple" }), "31", more);
    const refused = await ask(edge, { prompt: "apple" }, payment);
    expect(refused.status).toBe(402);
    expect(refused.headers.get("payment-required")).not.toBeNull();
    expect(edge.backend.transcript).toEqual([]);
  });

  test("with what is no payment, or a request that is wrong, pays nothing", async () => {
    const { edge, facilitator } = newEdge();
    expect((await ask(edge, { prompt: "apple" }, { "payment-signature": "%%%" })).status).toBe(402);
    expect((await ask(edge, { prompt: "" }, { "payment-signature": "e30=" })).status).toBe(400);
    expect((await ask(edge, { prompt: "x".repeat(imagePromptsBodyBytesMax) })).status).toBe(413);
    expect(facilitator.calls).toEqual([]);
  });

  test("whose payment nobody can check is told so, and no client repeats it by itself", async () => {
    const { edge, facilitator } = newEdge();
    const payment = await payFor(await ask(edge, { prompt: "apple" }), "41");
    facilitator.isDown = true;
    const refused = await ask(edge, { prompt: "apple" }, payment);
    expect(refused.status).toBe(502);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(edge.backend.transcript).toEqual([]);
  });
});

test("a wrong key is a wrong key, also where payments are taken; and where they are not, a key is needed", async () => {
  const { edge } = newEdge();
  expect((await ask(edge, { prompt: "apple" }, { authorization: "Bearer we_wrong" })).status).toBe(401);
  expect((await ask(new TestEdge(), { prompt: "apple" })).status).toBe(401);
});

test("payments to nowhere are not asked for: half a configuration is none", () => {
  expect(() => new TestEdge({ ...settings, X402_ASSET: undefined })).toThrow("X402_ASSET");
});
