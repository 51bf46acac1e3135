import type { Handler } from "hono";
import { parseGrantRequest } from "../../shared/api/grant-request.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { isAccountId } from "../auth/api-key-record.ts";
import type { Ledgers } from "../ledger/ledger-client.ts";
import type { Balances } from "../ledger/postings.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { readJson } from "./read-json.ts";

const notStored = { "cache-control": "no-store" };

/** `GET /v1/balance`: what the caller's account has. */
export function getBalance(ledgers: Ledgers): Handler<AppEnv> {
  return async (c) => c.json(balanceResponse(await ledgers.of(c.get("account")).balances()), 200, notStored);
}

/** `POST /v1/admin/accounts/{account}/grants`: adds credit, once for each grant id, and tells the new balance. */
export function grantCredit(ledgers: Ledgers): Handler<AppEnv> {
  return async (c) => {
    const account = c.req.param("account") ?? "";
    if (!isAccountId(account)) return failureResponse(c, { code: "not_found", what: "account" });
    const json = await readJson(c.req);
    if (!json.ok) return failureResponse(c, json.error);
    const grant = parseGrantRequest(json.value);
    if (!grant.ok) return failureResponse(c, grant.error);
    return c.json(balanceResponse(await ledgers.of(account).grant(grant.value)), 200, notStored);
  };
}

function balanceResponse({ available, held, spent }: Balances): BalanceResponse {
  return {
    object: "balance",
    currency: "usd",
    available_micro_usd: available,
    held_micro_usd: held,
    spent_micro_usd: spent,
  };
}
