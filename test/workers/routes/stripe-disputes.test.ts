import { describe, expect, test } from "vitest";
import { charge, dispute, intent, stripeTo } from "../support/stripe-events.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const send = stripeTo(edge);
const [withdrawn, reinstated] = ["charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"];

let accounts = 0;

/** An account that paid so many cents, by a payment intent of its own. */
async function payer(amount: number) {
  accounts += 1;
  const account = `disputer-${accounts}`;
  const payment = `pi_d${accounts}`;
  if (amount > 0) await send("payment_intent.succeeded", intent(payment, account, amount));
  return { account, payment, balances: () => edge.ledger(account).balances() };
}

async function audited(account: string): Promise<{ action: string; request_id: string; details: object }[]> {
  return ((await (await edge.admin("GET", `${account}/audit`)).json()) as { data: never[] }).data;
}

describe("a dispute", () => {
  test("takes the credit when the money is withdrawn, once however often it is told, and stands in the audit log", async () => {
    const { account, payment, balances } = await payer(500);
    for (const id of ["evt_d1", "evt_d1", "evt_d2"]) {
      expect((await send(withdrawn, dispute(payment, 500, [-500]), { id })).status).toBe(200);
    }
    expect(await balances()).toEqual({ granted: 0, available: 0, held: 0, spent: 0 });
    expect(await audited(account)).toMatchObject([
      { action: "account.opened" },
      { action: "credit.granted" },
      { action: "credit.disputed", request_id: "evt_d1", details: { micro_usd: 5_000_000, owed_micro_usd: 0 } },
    ]);
  });

  test("that is won gives it back, once, whatever Stripe told of it in between", async () => {
    const { account, payment, balances } = await payer(500);
    await send("charge.dispute.created", dispute(payment, 500, []));
    await send(withdrawn, dispute(payment, 500, [-500]));
    await send("charge.dispute.updated", dispute(payment, 500, [-500], "under_review"));
    await send("charge.dispute.closed", dispute(payment, 500, [-500], "won"));
    expect((await balances()).available).toBe(0);
    for (const _ of [1, 2]) await send(reinstated, dispute(payment, 500, [-500, 500], "won"));
    expect((await balances()).available).toBe(5_000_000);
    expect((await audited(account)).at(-1)).toMatchObject({
      action: "credit.reinstated",
      details: { micro_usd: -5_000_000, taken_micro_usd: -5_000_000 },
    });
  });

  test("told backwards ends the same", async () => {
    const { payment, balances } = await payer(500);
    await send(reinstated, dispute(payment, 500, [-500, 500], "won"));
    await send(withdrawn, dispute(payment, 500, [-500]));
    expect((await balances()).available).toBe(5_000_000);
  });

  test("that is lost, or an inquiry that never took money, moves nothing more", async () => {
    const { payment, balances } = await payer(500);
    await send("charge.dispute.created", dispute(payment, 500, [], "warning_needs_response"));
    await send("charge.dispute.closed", dispute(payment, 500, [], "warning_closed"));
    expect((await balances()).available).toBe(5_000_000);
    await send(withdrawn, dispute(payment, 200, [-200]));
    await send("charge.dispute.closed", dispute(payment, 200, [-200], "lost"));
    expect((await balances()).available).toBe(3_000_000);
  });

  test("of which a part comes back, and one whose money moved in another currency, count by the payment's cents", async () => {
    const part = await payer(500);
    await send(withdrawn, dispute(part.payment, 500, [-500]));
    await send(reinstated, dispute(part.payment, 500, [-500, 200], "lost"));
    expect((await part.balances()).available).toBe(2_000_000);
    const euros = await payer(500);
    await send(withdrawn, dispute(euros.payment, 500, [-460]));
    expect((await euros.balances()).available).toBe(0);
    await send(reinstated, dispute(euros.payment, 500, [-460, 455], "won"));
    expect((await euros.balances()).available).toBe(5_000_000);
  });

  test("of credit that was spent is owed, and what is won back is owed no more", async () => {
    const { account, payment, balances } = await payer(1);
    const key = await edge.createKey(account, 0);
    const { usage } = await edge.generate(key, { prompt: "apple", seed: 1 });
    const spent = usage.cost.micro_usd;
    await send(withdrawn, dispute(payment, 1, [-1]));
    expect(await balances()).toMatchObject({ available: 0, spent });
    expect((await edge.post(key, { prompt: "apple" })).status).toBe(402);
    await send("payment_intent.succeeded", intent(`${payment}_next`, account, 1));
    expect((await balances()).available).toBe(10_000 - spent);
    await send(reinstated, dispute(payment, 1, [-1, 1], "won"));
    expect((await balances()).available).toBe(20_000 - spent);
  });

  test("is not counted twice with a refund of the same charge", async () => {
    const { account, payment, balances } = await payer(500);
    await send("payment_intent.succeeded", intent(`${payment}_other`, account, 300));
    await send("charge.refunded", charge(payment, account, 200));
    await send(withdrawn, dispute(payment, 500, [-500]));
    expect((await balances()).available).toBe(3_000_000);
    await send("charge.refunded", charge(payment, account, 500));
    expect((await balances()).available).toBe(3_000_000);
    await send(reinstated, dispute(payment, 500, [-500, 500], "won"));
    expect((await balances()).available).toBe(3_000_000);
  });

  test("that is told before its payment waits for it, and is logged", async () => {
    const { account, payment, balances } = await payer(0);
    expect((await send(withdrawn, dispute(payment, 500, [-500]), { id: "evt_early" })).status).toBe(200);
    expect(edge.logLines.join("\n")).toContain('"stripe_event":"evt_early"');
    await send("payment_intent.succeeded", intent(payment, account, 500));
    expect(await balances()).toEqual({ granted: 0, available: 0, held: 0, spent: 0 });
  });

  test("at the same moment as its payment is entered once", async () => {
    const { account, payment, balances } = await payer(0);
    await Promise.all([
      ...Array.from({ length: 4 }, () => send("payment_intent.succeeded", intent(payment, account, 500))),
      ...Array.from({ length: 4 }, () => send(withdrawn, dispute(payment, 200, [-200]))),
    ]);
    expect((await balances()).available).toBe(3_000_000);
  });

  test.each([
    ["in another currency", (payment: string) => ({ ...dispute(payment, 500, [-500]), currency: "eur" })],
    ["of a charge without a payment intent", () => ({ ...dispute("pi_none", 500, [-500]), payment_intent: null })],
  ])("%s is answered 200, moves nothing and is logged", async (_, object) => {
    const { payment, balances } = await payer(500);
    const id = `evt_${payment}`;
    expect((await send(withdrawn, object(payment), { id })).status).toBe(200);
    expect((await balances()).available).toBe(5_000_000);
    expect(edge.logLines.join("\n")).toContain(`"stripe_event":"${id}"`);
  });
});
