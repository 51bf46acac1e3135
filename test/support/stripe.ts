import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Stripe } from "stripe";

const webhookSecret = "whsec_of_a_test";

/** A stand-in for Stripe's API: its page of a payment sends the buyer back at once, as one who paid. */
export async function startStripe() {
  let form = new URLSearchParams();
  const server = createServer(async (request, response) => {
    form = new URLSearchParams(await text(request));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "cs_1", object: "checkout.session", url: form.get("success_url") }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("It listens on no port.");
  return {
    /** Of the Worker. */
    settings: {
      STRIPE_API_KEY: "sk_test",
      STRIPE_API_URL: `http://127.0.0.1:${address.port}`,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
    },
    /** Tells the edge at this address that the latest payment was made. */
    async confirm(url: string): Promise<void> {
      const object = {
        id: "pi_1",
        metadata: { account: form.get("payment_intent_data[metadata][account]") },
        currency: "usd",
        amount_received: Number(form.get("line_items[0][price_data][unit_amount]")),
      };
      const event = { id: "evt_1", object: "event", type: "payment_intent.succeeded", data: { object } };
      const payload = JSON.stringify(event);
      const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
      const headers = { "content-type": "application/json", "stripe-signature": signature };
      const response = await fetch(`${url}/v1/stripe/webhook`, { method: "POST", headers, body: payload });
      if (!response.ok) throw new TypeError(`The edge answered ${response.status}.`);
    },
    stop: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}
