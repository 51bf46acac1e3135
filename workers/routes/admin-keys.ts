import type { Context, Handler } from "hono";
import { parseKeyRequest, parseRotation } from "../../shared/api/key-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { KeyRecord } from "../account/keys/key-record.ts";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../auth/api-key.ts";
import type { KeyDirectory } from "../auth/key-directory.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { accountParam, actorOf, isoTime, notStored } from "./admin-accounts.ts";
import { readJson } from "./read-json.ts";

/** What the routes need. */
export interface KeyServices {
  readonly accounts: Accounts;
  readonly keys: KeyDirectory;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly nowMs: () => number;
}

/** `GET /v1/admin/accounts/{account}/keys`: all keys, revoked ones too. */
export function listKeys({ accounts }: Pick<KeyServices, "accounts">): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const keys = await accounts.of(account).keys();
    return c.json({ object: "list", data: keys.map(keyItem), has_more: false }, 200, notStored);
  };
}

/** `POST /v1/admin/accounts/{account}/keys`: a new key, shown in this answer only; or one that the operator made. */
export function createKey(services: KeyServices): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const request = parseKeyRequest(json.value, services.nowMs());
    if (!request.ok) return failureResponse(c, request.error);
    const { sha256 } = request.value;
    const fresh = sha256 === undefined ? await newKey(services) : { key: undefined, sha256 };
    const { defaults, models } = request.value;
    // A hash of our own making is new; looking it up would only have the edge remember that there is none.
    const owner = sha256 === undefined ? undefined : await services.keys.accountOf(sha256);
    if (owner !== undefined && owner !== account) {
      return failureResponse(c, invalidRequest("sha256", "'sha256' is a key of another account. Make another key."));
    }
    return enter(c, services, { ...fresh, account, defaults, models }, () =>
      services.accounts.of(account).createKey(fresh.sha256, request.value, actorOf(c)),
    );
  };
}

/**
 * `POST /v1/admin/accounts/{account}/keys/{key}/rotations`: a key with the same terms; the old one ends after the
 * overlap.
 */
export function rotateKey(services: KeyServices): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const overlap = parseRotation(json.value);
    if (!overlap.ok) return failureResponse(c, overlap.error);
    const fresh = await newKey(services);
    const rotation = { keyId: c.req.param("key") ?? "", sha256: fresh.sha256, overlapSeconds: overlap.value };
    const old = (await services.accounts.of(account).keys()).find(({ id }) => id === rotation.keyId);
    return enter(c, services, { ...fresh, account, defaults: old?.defaults, models: old?.models }, () =>
      services.accounts.of(account).rotateKey(rotation, actorOf(c)),
    );
  };
}

/** `DELETE /v1/admin/accounts/{account}/keys/{key}`: from this answer on, the key opens nothing. */
export function revokeKey({ accounts, keys }: Pick<KeyServices, "accounts" | "keys">): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const revoked = await accounts.of(account).revokeKey(c.req.param("key") ?? "", actorOf(c));
    if (!revoked.ok) return failureResponse(c, revoked.error);
    await keys.remove(revoked.value.sha256);
    return c.json(keyItem(revoked.value), 200, notStored);
  };
}

interface EnteredKey {
  /** Undefined when the operator has it. */
  readonly key: string | undefined;
  readonly sha256: string;
  readonly account: string;
  readonly defaults: KeyRecord["defaults"];
  readonly models: KeyRecord["models"];
}

/**
 * The directory first: an entry whose account does not know the key opens nothing, but a key without one would not
 * work.
 */
async function enter(
  c: Context<AppEnv>,
  { keys }: KeyServices,
  { key, sha256, account, defaults, models }: EnteredKey,
  create: () => Promise<Result<KeyRecord, Failure>>,
): Promise<Response> {
  await keys.put({ account, sha256, defaults, models });
  const created = await create();
  if (!created.ok) return failureResponse(c, created.error);
  return c.json({ ...keyItem(created.value), ...(key === undefined ? {} : { key }) }, 201, notStored);
}

async function newKey({ randomBytes }: KeyServices): Promise<{ readonly key: string; readonly sha256: string }> {
  const key = await formatApiKey(randomBytes(apiKeyRandomBytes));
  return { key, sha256: await hashApiKey(key) };
}

/** A key as answers show it. */
export function keyItem(key: KeyRecord) {
  return {
    object: "key" as const,
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    created: isoTime(key.createdMs),
    expires_at: isoTime(key.expiresMs),
    revoked_at: isoTime(key.revokedMs),
    replaced_by: key.replacedBy ?? null,
    requests_per_minute: key.requestsPerMinute ?? null,
    budget_micro_usd_per_day: key.budgetMicroUsdPerDay ?? null,
    defaults: key.defaults ?? null,
    models: key.models ?? null,
  };
}
