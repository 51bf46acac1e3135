import { describe, expect, test } from "vitest";
import { charge, checkout, intent, stripeTo } from "../support/stripe-events.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const send = stripeTo(edge);

let accounts = 0;

function newAccount(): { account: string; balances: () => ReturnType<ReturnType<TestEdge["ledger"]>["balances"]> } {
  accounts += 1;
  const account = `payer-${accounts}`;
  return { account, balances: () => edge.ledger(account).balances() };
}

describe("a payment", () => {
  test("is credit, once for all events that tell of it and however often each comes", async () => {
    const { account, balances } = newAccount();
    for (const id of ["evt_a", "evt_a", "evt_b"]) {
      expect((await send("payment_intent.succeeded", intent("pi_1", account, 500), { id })).status).toBe(200);
    }
    expect((await send("checkout.session.completed", checkout("pi_1", account, 500))).status).toBe(200);
    expect((await balances()).available).toBe(5_000_000);
    await send("checkout.session.completed", checkout("pi_2", account, 1));
    expect((await balances()).available).toBe(5_010_000);
  });

  test("opens the account of whoever pays first, and stands in its audit log under Stripe's event", async () => {
    const { account } = newAccount();
    await send("payment_intent.succeeded", intent("pi_3", account, 100), { id: "evt_audit" });
    expect((await edge.admin("GET", account)).status).toBe(200);
    expect(await (await edge.admin("GET", `${account}/audit`)).json()).toMatchObject({
      data: [
        { action: "account.opened", actor: "stripe" },
        { action: "credit.granted", actor: "stripe", request_id: "evt_audit", subject: "stripe:pi_3" },
      ],
    });
  });

  test("told many times at once is entered once", async () => {
    const { account, balances } = newAccount();
    const copies = Array.from({ length: 10 }, () =>
      send("payment_intent.succeeded", intent("pi_4", account, 100), { id: "evt_copies" }),
    );
    expect((await Promise.all(copies)).map(({ status }) => status)).toEqual(copies.map(() => 200));
    expect((await balances()).available).toBe(1_000_000);
  });

  test.each([
    ["of another type", "customer.created", (account: string) => intent("pi_5", account, 100)],
    [
      "in another currency",
      "payment_intent.succeeded",
      (account: string) => ({ ...intent("pi_5", account, 1), currency: "eur" }),
    ],
    [
      "of a checkout that is not paid",
      "checkout.session.completed",
      (account: string) => ({ ...checkout("pi_5", account, 1), payment_status: "unpaid" }),
    ],
    [
      "of a subscription's checkout",
      "checkout.session.completed",
      (account: string) => ({ ...checkout("pi_5", account, 1), payment_intent: null }),
    ],
    ["of nothing", "payment_intent.succeeded", (account: string) => intent("pi_5", account, 0)],
    ["for no account", "payment_intent.succeeded", () => ({ ...intent("pi_5", "", 100), metadata: {} })],
  ])("%s is answered 200 and moves nothing", async (_, type, object) => {
    const { account, balances } = newAccount();
    expect((await send(type, object(account))).status).toBe(200);
    expect(await balances()).toEqual({ granted: 0, available: 0, held: 0, spent: 0 });
  });

  test("for an account that nobody can tell is logged, without anything that is secret", async () => {
    await send("payment_intent.succeeded", { ...intent("pi_6", "", 100), metadata: {} }, { id: "evt_lost" });
    expect(edge.logLines.join("\n")).toContain('"stripe_event":"evt_lost"');
  });
});

describe("a refund", () => {
  test("takes the credit back, in parts and once each, and before its payment is told as well as after", async () => {
    const { account, balances } = newAccount();
    await send("charge.refunded", charge("pi_7", account, 200));
    expect((await balances()).available).toBe(0);
    await send("payment_intent.succeeded", intent("pi_7", account, 500));
    expect((await balances()).available).toBe(3_000_000);
    for (const refunded of [200, 300, 300, 200]) await send("charge.refunded", charge("pi_7", account, refunded));
    expect(await balances()).toMatchObject({ available: 2_000_000, granted: -2_000_000 });
  });

  test("of credit that was spent is taken from the credit that comes next, and no balance is ever negative", async () => {
    const { account, balances } = newAccount();
    const key = await edge.createKey(account, 0);
    await send("payment_intent.succeeded", intent("pi_8", account, 1));
    const { usage } = await edge.generate(key, { prompt: "apple", seed: 1 });
    const spent = usage.cost.micro_usd;
    await send("charge.refunded", charge("pi_8", account, 1));
    expect(await balances()).toMatchObject({ available: 0, spent });
    expect((await edge.post(key, { prompt: "apple" })).status).toBe(402);
    await send("payment_intent.succeeded", intent("pi_9", account, 1));
    expect((await balances()).available).toBe(10_000 - spent);
  });
});

describe("a webhook", () => {
  test.each([
    ["signed by somebody else", { signedWith: "whsec_other" }],
    ["that is older than five minutes", { ageSeconds: 301 }],
  ])("%s is refused with 403, and moves nothing", async (_, sent) => {
    const { account, balances } = newAccount();
    const response = await send("payment_intent.succeeded", intent("pi_10", account, 100), sent);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_signature" } });
    expect((await balances()).available).toBe(0);
  });

  test("without a signature is refused, and without a secret there is no such path", async () => {
    const post = (at: TestEdge) =>
      at.fetch("/v1/stripe/webhook", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect((await post(edge)).status).toBe(403);
    expect((await post(new TestEdge({ STRIPE_WEBHOOK_SECRET: undefined }))).status).toBe(404);
  });
});
