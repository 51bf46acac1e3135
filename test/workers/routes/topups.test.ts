import { describe, expect, test } from "vitest";
import type { BalanceResponse } from "../../../shared/api/money.ts";
import type { Topup } from "../../../shared/api/topup.ts";
import { checkout, stripeTo } from "../support/stripe-events.ts";
import { TestEdge } from "../support/test-edge.ts";

const stripe = { STRIPE_API_KEY: "sk_test", STRIPE_API_URL: "http://stripe.test:9" };

/** An edge beside a stand-in of Stripe's, and the forms that it was sent. */
function withStripe(answer: () => Response = () => Response.json({ url: "https://checkout.stripe.com/c/pay/1" })) {
  const forms: URLSearchParams[] = [];
  const quiet = new TestEdge();
  const edge = new TestEdge(stripe, async (url, init) => {
    if (!url.startsWith(stripe.STRIPE_API_URL)) return quiet.backend.fetch(url, init);
    expect(url).toBe("http://stripe.test:9/v1/checkout/sessions");
    forms.push(new URLSearchParams(String(init.body)));
    return answer();
  });
  return { edge, forms };
}

function topUp(edge: TestEdge, key: string, body: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return edge.fetch("/v1/topups", { method: "POST", headers, body: JSON.stringify(body) });
}

describe("POST /v1/topups", () => {
  test("opens a payment for the key's own account, whose event alone becomes credit", async () => {
    const { edge, forms } = withStripe();
    const key = await edge.createKey("topped-up", 0);
    const response = await topUp(edge, key, { usd_cents: 2_500 });
    expect(response.status).toBe(201);
    const topup: Topup = await response.json();
    expect(topup).toEqual({ object: "topup", url: "https://checkout.stripe.com/c/pay/1", usd_cents: 2_500 });
    const [form] = forms;
    expect(form?.get("mode")).toBe("payment");
    expect(form?.get("line_items[0][price_data][unit_amount]")).toBe("2500");
    expect(form?.get("line_items[0][price_data][currency]")).toBe("usd");
    // Stripe's events of the session and of its payment name the account that the server wrote.
    expect([form?.get("metadata[account]"), form?.get("payment_intent_data[metadata][account]")]).toEqual([
      "topped-up",
      "topped-up",
    ]);
    expect(form?.get("success_url")).toBe("https://edge.test/account?topup=paid");
    expect(form?.get("cancel_url")).toBe("https://edge.test/account?topup=cancelled");
    const balance: BalanceResponse = await (await edge.get(key, "/v1/balance")).json();
    expect(balance.topup_usd_cents).toEqual({ min: 100, max: 1_000_000 });
    expect((await edge.ledger("topped-up").balances()).available).toBe(0);
    const paid = checkout("pi_topup", form?.get("metadata[account]") ?? "", 2_500);
    expect((await stripeTo(edge)("checkout.session.completed", paid)).status).toBe(200);
    expect((await edge.ledger("topped-up").balances()).available).toBe(25_000_000);
  });

  test.each([
    ["less than a dollar", { usd_cents: 99 }, "usd_cents"],
    ["more than ten thousand dollars", { usd_cents: 1_000_001 }, "usd_cents"],
    ["parts of a cent", { usd_cents: 100.5 }, "usd_cents"],
    ["another account", { usd_cents: 500, account: "somebody" }, "account"],
  ])("refuses %s, naming the field, and asks Stripe nothing", async (_, body, param) => {
    const { edge, forms } = withStripe();
    const response = await topUp(edge, await edge.createKey(undefined, 0), body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
    expect(forms).toEqual([]);
  });

  test("says that nothing was paid when Stripe is away", async () => {
    const { edge } = withStripe(() =>
      Response.json({ error: { type: "api_error", message: "down" } }, { status: 500 }),
    );
    const response = await topUp(edge, await edge.createKey(undefined, 0), { usd_cents: 500 });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "checkout_unavailable" } });
  });

  test("is not there where the service takes no payments by Stripe", async () => {
    const edge = new TestEdge();
    const response = await topUp(edge, await edge.createKey(undefined, 0), { usd_cents: 500 });
    expect(response.status).toBe(404);
  });
});
