import type { WorkerEnv } from "./env.ts";
import { type Checkout, createCheckout } from "./payments/stripe-checkout.ts";
import { createUsageMeter, type UsageMeter } from "./payments/stripe-meter.ts";

/** Undefined unless its payments can also become credit. */
export function stripeCheckout(env: WorkerEnv): Checkout | undefined {
  const { STRIPE_API_KEY: apiKey, STRIPE_WEBHOOK_SECRET: webhookSecret, STRIPE_API_URL: apiUrl } = env;
  if (apiKey === undefined || webhookSecret === undefined) return undefined;
  return createCheckout({ apiKey, apiUrl, fetch: (input, init) => fetch(input, init) });
}

/** The meter that is told about usage; undefined when none is set up. */
export function createMeter(env: WorkerEnv): UsageMeter | undefined {
  const { STRIPE_API_KEY: apiKey, STRIPE_METER_EVENT_NAME: eventName, STRIPE_API_URL: apiUrl } = env;
  if (apiKey === undefined || eventName === undefined) return undefined;
  return createUsageMeter({ apiKey, eventName, apiUrl, fetch: (input, init) => fetch(input, init) });
}
