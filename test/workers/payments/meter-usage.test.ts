import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { parseEnv } from "../../../workers/env.ts";
import worker from "../../../workers/index.ts";
import type { UsageEvent } from "../../../workers/usage/usage-event.ts";

const queueName = "wuerstchen-usage";
const settings = {
  STRIPE_API_KEY: "sk_test",
  STRIPE_METER_EVENT_NAME: "pictures",
  STRIPE_API_URL: "http://stripe.test:9",
};

/** Stripe's meter at the network's boundary: takes an identifier once and refuses it from then on, as Stripe does. */
class StripeDouble {
  readonly taken = new Map<string, URLSearchParams>();
  calls = 0;
  isDown = false;

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    this.calls += 1;
    const request = new Request(input, init);
    if (this.isDown) return Response.json({ error: { type: "api_error", message: "down" } }, { status: 500 });
    expect(request.url).toBe("http://stripe.test:9/v1/billing/meter_events");
    expect(request.headers.get("authorization")).toBe("Bearer sk_test");
    const form = new URLSearchParams(await request.text());
    const identifier = form.get("identifier") ?? "";
    if (this.taken.has(identifier)) {
      const message = `An event already exists with identifier ${identifier}.`;
      return Response.json({ error: { type: "invalid_request_error", message } }, { status: 400 });
    }
    this.taken.set(identifier, form);
    return Response.json({ object: "billing.meter_event", identifier });
  };
}

function usage(id: string, stripeCustomer?: string): UsageEvent {
  const lines = [
    { kind: "generation", latentId: "a", microUsd: 18 },
    { kind: "decode", latentId: "a", microUsd: 3 },
  ] as const;
  const event = { id, account: "team", atMs: 1_795_000_000_000, priceBook: 1, lines: [...lines] };
  return stripeCustomer === undefined ? event : { ...event, stripeCustomer };
}

async function deliver(events: readonly UsageEvent[], environment: object = { ...env, ...settings }) {
  const messages = events.map((body, index) => ({ id: `${index}`, timestamp: new Date(), attempts: 1, body }));
  const batch = createMessageBatch(queueName, messages);
  await worker.queue(batch, environment);
  return (await getQueueResult(batch, createExecutionContext())).retryMessages.map(({ msgId }) => msgId);
}

function newStripe(): StripeDouble {
  const stripe = new StripeDouble();
  globalThis.fetch = stripe.fetch;
  return stripe;
}

test("a settlement of a customer of Stripe's is told once, under its own id, in micro-USD; no other account's is", async () => {
  const stripe = newStripe();
  const events = [usage("settled-1", "cus_1"), usage("settled-2")];
  for (let i = 0; i < 3; i += 1) expect(await deliver(events)).toEqual([]);
  expect(stripe.calls).toBe(1);
  expect(Object.fromEntries(stripe.taken.get("settled-1") ?? [])).toEqual({
    event_name: "pictures",
    identifier: "settled-1",
    timestamp: "1795000000",
    "payload[stripe_customer_id]": "cus_1",
    "payload[value]": "21",
  });
});

test("what Stripe does not take comes again by itself, and is in the table of usage all the same", async () => {
  const stripe = newStripe();
  stripe.isDown = true;
  expect(await deliver([usage("settled-3", "cus_1"), usage("settled-4")])).toEqual(["0"]);
  const query = "SELECT COUNT(*) AS rows FROM usage WHERE event_id = 'settled-3'";
  expect(await parseEnv(env).USAGE.prepare(query).first("rows")).toBe(2);
  stripe.isDown = false;
  expect(await deliver([usage("settled-3", "cus_1")])).toEqual([]);
  expect(stripe.taken.has("settled-3")).toBe(true);
});

test("an event that Stripe has, though nobody noted it here, counts as told", async () => {
  const stripe = newStripe();
  stripe.taken.set("settled-5", new URLSearchParams());
  expect(await deliver([usage("settled-5", "cus_1")])).toEqual([]);
  expect(await deliver([usage("settled-5", "cus_1")])).toEqual([]);
  expect(stripe.calls).toBe(1);
});

test("where no meter is set up, nobody is told", async () => {
  const stripe = newStripe();
  expect(await deliver([usage("settled-6", "cus_1")], env)).toEqual([]);
  expect(stripe.calls).toBe(0);
});
