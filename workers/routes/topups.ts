import type { Handler } from "hono";
import { parseTopup, type Topup } from "../../shared/api/topup.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { Checkout } from "../payments/stripe-checkout.ts";
import { notStored } from "./admin-accounts.ts";
import { readJson } from "./read-json.ts";

/** What the route needs. */
export interface TopupServices {
  /** Undefined: this service takes no payments by Stripe. */
  readonly checkout: Checkout | undefined;
}

/**
 * `POST /v1/topups`: a page of Stripe Checkout at which credit for the caller's account is paid. The credit comes with
 * Stripe's event, not with the buyer's return.
 */
export function createTopup({ checkout }: TopupServices): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const usdCents = parseTopup(json.value);
    if (!usdCents.ok) return failureResponse(c, usdCents.error);
    if (checkout === undefined) {
      const hint = "This service takes no payments by Stripe. Ask who runs it for credit.";
      return failureResponse(c, { code: "not_found", what: "path", hint });
    }
    const returnUrl = (end: string) => new URL(`/account?topup=${end}`, c.get("publicUrl")).href;
    const urls = { successUrl: returnUrl("paid"), cancelUrl: returnUrl("cancelled") };
    const opened = { account: c.get("account"), usdCents: usdCents.value, ...urls };
    const url = await checkout.open(opened).catch(() => undefined);
    if (url === undefined) return failureResponse(c, { code: "checkout_unavailable" });
    const topup: Topup = { object: "topup", url, usd_cents: usdCents.value };
    return c.json(topup, 201, notStored);
  };
}
