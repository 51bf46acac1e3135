import { Stripe } from "stripe";
import { stripeAddress } from "./stripe-address.ts";

/** How to reach Stripe. */
export interface CheckoutSettings {
  readonly apiKey: string;
  /** Another origin than Stripe's own, for a double of it. */
  readonly apiUrl?: string | undefined;
  readonly fetch: typeof fetch;
}

/** A payment that an account wants to make. */
export interface CheckoutRequest {
  /** Who is credited: known to the server by the caller's key, and never by what a buyer can write. */
  readonly account: string;
  readonly usdCents: number;
  /** Where the buyer's browser goes when it has paid. */
  readonly successUrl: string;
  /** Where it goes when the buyer changes their mind. */
  readonly cancelUrl: string;
}

/** Opens payments at Stripe Checkout. */
export interface Checkout {
  /** The page where this payment is made. Rejects if Stripe did not make one. */
  open(request: CheckoutRequest): Promise<string>;
}

/**
 * Checkout behind Stripe's API (docs.stripe.com/api/checkout/sessions/create). The account stands in the metadata of
 * the session and of its payment: events of either name it, and so do refunds.
 */
export function createCheckout({ apiKey, apiUrl, fetch }: CheckoutSettings): Checkout {
  const stripe = new Stripe(apiKey, {
    httpClient: Stripe.createFetchHttpClient(fetch),
    maxNetworkRetries: 0,
    telemetry: false,
    ...stripeAddress(apiUrl),
  });
  return {
    async open({ account, usdCents, successUrl, cancelUrl }) {
      const { url } = await stripe.checkout.sessions.create({
        mode: "payment",
        line_items: [
          { quantity: 1, price_data: { currency: "usd", unit_amount: usdCents, product_data: { name: "API credit" } } },
        ],
        metadata: { account },
        payment_intent_data: { metadata: { account } },
        success_url: successUrl,
        cancel_url: cancelUrl,
      });
      if (url === null) throw new TypeError("Stripe made a session without a page.");
      return url;
    },
  };
}
