import type { Context, Handler } from "hono";
import { parseAccountRequest, parsePageRequest } from "../../shared/api/account-request.ts";
import type { Accounts } from "../account/client.ts";
import type { AccountIndex, ListedAccount } from "../account/keys/account-index.ts";
import type { AccountRecord } from "../account/keys/account-record.ts";
import type { Actor } from "../account/keys/audit.ts";
import { isAccountId, type KeyDirectory } from "../auth/key-directory.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { readJson } from "./read-json.ts";

/** For answers about accounts. */
export const notStored = { "cache-control": "no-store" };

/** What the routes need. */
export interface AccountServices {
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly keys: KeyDirectory;
}

/** `GET /v1/admin/accounts?limit&after`: accounts in the order of their ids. */
export function listAccounts({ accountIndex }: Pick<AccountServices, "accountIndex">): Handler<AppEnv> {
  return async (c) => {
    const page = parsePageRequest(c.req.query());
    if (!page.ok) return failureResponse(c, page.error);
    const { limit } = page.value;
    const found = await accountIndex.list({ ...page.value, limit: limit + 1 });
    const body = { object: "list", data: found.slice(0, limit).map(listedItem), has_more: found.length > limit };
    return c.json(body, 200, notStored);
  };
}

/** `GET /v1/admin/accounts/{account}` */
export function getAccount({ accounts }: Pick<AccountServices, "accounts">): Handler<AppEnv> {
  return async (c) => {
    const id = accountParam(c);
    const account = id === undefined ? undefined : await accounts.of(id).account();
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    return c.json(accountItem(account), 200, notStored);
  };
}

/** `PUT /v1/admin/accounts/{account}`: opens it if need be and sets what the body names. */
export function putAccount({ accounts, accountIndex, keys }: AccountServices): Handler<AppEnv> {
  return async (c) => {
    const id = accountParam(c);
    if (id === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const request = parseAccountRequest(json.value);
    if (!request.ok) return failureResponse(c, request.error);
    const account = await accounts.of(id).changeAccount(id, request.value, actorOf(c));
    // If one of the copies cannot be written, the operator sees a failure and repeats what may be repeated.
    if (request.value.defaults !== undefined) await keys.putDefaults(id, account.defaults);
    await accountIndex.put(account);
    return c.json(accountItem(account), 200, notStored);
  };
}

/** The account that a path names; undefined when its name cannot be one. */
export function accountParam(c: Context<AppEnv>): string | undefined {
  const id = c.req.param("account") ?? "";
  return isAccountId(id) ? id : undefined;
}

/** Who gives an order, for the audit log. */
export function actorOf(c: Context<AppEnv>): Actor {
  return { name: c.get("operator"), requestId: c.get("requestId") };
}

/** A time as the API writes it. */
export function isoTime(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

/** An account as its operator sees it. */
export function accountItem(account: AccountRecord) {
  return {
    ...listedItem(account),
    concurrency_max: account.concurrencyMax ?? null,
    latents_per_prompt: account.latentsPerPrompt ?? null,
    latent_bytes_max: account.latentBytesMax ?? null,
    stripe_customer: account.stripeCustomer ?? null,
    defaults: account.defaults ?? null,
  };
}

function listedItem({ id, name, suspended, createdMs }: ListedAccount) {
  return { object: "account", id, name, suspended, created: isoTime(createdMs) };
}
