import type { Handler } from "hono";
import { parseGrantRequest } from "../../shared/api/grant-request.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { topupCentsMax, topupCentsMin } from "../../shared/api/topup.ts";
import type { Accounts } from "../account/client.ts";
import type { Balances } from "../account/money/postings.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { Checkout } from "../payments/stripe-checkout.ts";
import { accountParam, actorOf, notStored } from "./admin-accounts.ts";
import { readJson } from "./read-json.ts";

/** What both routes need. */
export interface BalanceServices {
  readonly accounts: Accounts;
  /** Undefined: this service takes no payments by Stripe. */
  readonly checkout: Checkout | undefined;
}

/** `GET /v1/balance`: what the caller's account has, and whether it can add to it here. */
export function getBalance({ accounts, checkout }: BalanceServices): Handler<AppEnv> {
  return async (c) => c.json(balanceResponse(await accounts.of(c.get("account")).balances(), checkout), 200, notStored);
}

/** `POST /v1/admin/accounts/{account}/grants`: adds credit, once for each grant id, and returns the new balance. */
export function grantCredit({ accounts, checkout }: BalanceServices): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    // A grant to a mistyped name would be lost without a word.
    if (account === undefined || (await accounts.of(account).account()) === undefined) {
      return failureResponse(c, { code: "not_found", what: "account" });
    }
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const grant = parseGrantRequest(json.value);
    if (!grant.ok) return failureResponse(c, grant.error);
    const balances = await accounts.of(account).grant({ ...grant.value, actor: actorOf(c) });
    return c.json(balanceResponse(balances, checkout), 200, notStored);
  };
}

/** Balances as answers show them. */
export function balanceResponse(
  { available, held, spent }: Balances,
  checkout: BalanceServices["checkout"],
): BalanceResponse {
  return {
    object: "balance",
    currency: "usd",
    available_micro_usd: available,
    held_micro_usd: held,
    spent_micro_usd: spent,
    topup_usd_cents: checkout === undefined ? null : { min: topupCentsMin, max: topupCentsMax },
  };
}
