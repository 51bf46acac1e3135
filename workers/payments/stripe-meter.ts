import { Stripe } from "stripe";
import { sumMicroUsd } from "../prices/price-book.ts";
import type { UsageEvent } from "../usage/usage-event.ts";
import { stripeAddress } from "./stripe-address.ts";

/** How to reach Stripe. */
export interface MeterSettings {
  readonly apiKey: string;
  /** The meter's event name, as it is set up there. */
  readonly eventName: string;
  /** Another origin than Stripe's own, for a double of it. */
  readonly apiUrl?: string | undefined;
  readonly fetch: typeof fetch;
}

/** Tells a meter of Stripe's about usage. */
export interface UsageMeter {
  /** Reports one settlement in micro-USD; repeats count once. Rejects if Stripe did not accept it. */
  report(event: UsageEvent): Promise<void>;
}

/** A meter behind Stripe's API. The event's id is the identifier by which Stripe refuses a second report for a day. */
export function createUsageMeter({ apiKey, eventName, apiUrl, fetch }: MeterSettings): UsageMeter {
  const stripe = new Stripe(apiKey, {
    httpClient: Stripe.createFetchHttpClient(fetch),
    // The queue repeats what failed; it also waits longer than a client would.
    maxNetworkRetries: 0,
    telemetry: false,
    ...stripeAddress(apiUrl),
  });
  return {
    async report({ id, atMs, lines, stripeCustomer }) {
      const value = sumMicroUsd(lines);
      if (stripeCustomer === undefined || value === 0) return;
      try {
        await stripe.billing.meterEvents.create({
          event_name: eventName,
          identifier: id,
          timestamp: Math.floor(atMs / 1_000),
          payload: { stripe_customer_id: stripeCustomer, value: String(value) },
        });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    },
  };
}

/** Stripe refuses an identifier that it has: proof that the report arrived before. The code is not always set. */
function isDuplicate(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeError)) return false;
  return error.code === "duplicate_meter_event" || /event already exists with identifier/iu.test(error.message);
}
