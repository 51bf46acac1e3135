import fc from "fast-check";
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

describe("one payment", () => {
  const buyersCheckout = (payment: string, reference: string) => ({
    ...checkout(payment, "", 1_000),
    metadata: {},
    client_reference_id: reference,
  });

  test("is never credited to two accounts, whatever a buyer writes, in either order", async () => {
    for (const isBuyerFirst of [true, false]) {
      const [owner, other] = [newAccount(), newAccount()];
      const payment = `pi_two_${isBuyerFirst}`;
      const events = [
        () => send("checkout.session.completed", buyersCheckout(payment, other.account)),
        () => send("payment_intent.succeeded", intent(payment, owner.account, 1_000)),
      ];
      for (const event of isBuyerFirst ? events : events.toReversed()) expect((await event()).status).toBe(200);
      expect((await owner.balances()).available).toBe(10_000_000);
      expect((await other.balances()).available).toBe(0);
    }
  });

  test("named for two accounts by the operator's own metadata belongs to the first, and the log says so", async () => {
    const [first, second] = [newAccount(), newAccount()];
    await send("payment_intent.succeeded", intent("pi_both", first.account, 1_000));
    await send("checkout.session.completed", checkout("pi_both", second.account, 1_000), { id: "evt_both" });
    expect((await first.balances()).available).toBe(10_000_000);
    expect((await second.balances()).available).toBe(0);
    expect(edge.logLines.some((line) => line.includes("stripe_payment_is_anothers") && line.includes("evt_both"))).toBe(
      true,
    );
  });

  test("is the reference's where the operator trusts it, and the metadata's all the same", async () => {
    const trusting = new TestEdge({ STRIPE_CLIENT_REFERENCE: "account" });
    const sendThere = stripeTo(trusting);
    const { account, balances } = newAccount();
    await sendThere("checkout.session.completed", buyersCheckout("pi_trusted", account));
    expect((await balances()).available).toBe(10_000_000);
    new TestEdge();
  });

  test("is found by a refund whose event carries no metadata, before the payment is told and after", async () => {
    const { account, balances } = newAccount();
    const bare = (refunded: number) => ({ ...charge("pi_bare", "", refunded), metadata: {} });
    await send("charge.refunded", bare(200));
    await send("payment_intent.succeeded", intent("pi_bare", account, 500));
    expect((await balances()).available).toBe(3_000_000);
    for (const _ of [1, 2]) await send("charge.refunded", bare(500));
    expect((await balances()).available).toBe(0);
  });

  test("ends alike in every order of its events, with doubles", async () => {
    const order = fc.shuffledSubarray(["intent", "checkout", "refund", "buyer", "intent", "refund"], { minLength: 6 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(order, async (names) => {
        run += 1;
        const [owner, other] = [newAccount(), newAccount()];
        const payment = `pi_order_${run}`;
        const events: Record<string, () => Promise<Response>> = {
          intent: () => send("payment_intent.succeeded", intent(payment, owner.account, 1_000)),
          checkout: () => send("checkout.session.completed", checkout(payment, owner.account, 1_000)),
          refund: () => send("charge.refunded", { ...charge(payment, "", 300), metadata: {} }),
          buyer: () => send("checkout.session.completed", buyersCheckout(payment, other.account)),
        };
        for (const name of names) await events[name]?.();
        expect((await owner.balances()).available).toBe(7_000_000);
        expect((await other.balances()).available).toBe(0);
      }),
      { numRuns: 25 },
    );
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
