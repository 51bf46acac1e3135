import type { Context, MiddlewareHandler } from "hono";
import type { KeyScope } from "../../shared/api/key-scopes.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../accounts/accounts-client.ts";
import { keyIdOf } from "../accounts/key-record.ts";
import type { RateState } from "../accounts/request-rate.ts";
import type { KeyDirectory } from "../auth/key-directory.ts";
import type { Operators } from "../auth/operators.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";
import { addressOf, type LocationLimiter, tooManyHere } from "./limit-by-address.ts";

/** What it takes to know a caller. */
export interface Authentication {
  readonly keys: KeyDirectory;
  readonly accounts: Accounts;
  readonly locationLimiter: LocationLimiter;
}

/**
 * The door of a route: `allow(scope)` lets a request pass that shows a valid API key with that scope, within its rate,
 * and tells those after it whose it is. Every answer to a valid key says what it may still send.
 */
export function authenticate(parts: Authentication): (scope: KeyScope) => MiddlewareHandler<AppEnv> {
  return (scope) => async (c, next) => {
    const identified = await identify(parts, c);
    if (!identified.ok) return failureResponse(c, identified.error);
    const { account, keyId } = identified.value;
    const { outcome, rate } = await parts.accounts.of(account).admit({ keyId, scope });
    if (rate !== undefined) tellRate(c, rate);
    if (!outcome.ok) return failureResponse(c, outcome.error);
    c.set("account", account);
    c.set("keyId", keyId);
    c.set("scopes", outcome.value.scopes);
    return next();
  };
}

interface Identified {
  readonly account: string;
  readonly keyId: string;
}

/** Whose key is shown. Whoever tries keys is limited by address, and cannot use up what a real key may send. */
async function identify(
  { keys, locationLimiter }: Authentication,
  c: Context<AppEnv>,
): Promise<Result<Identified, Failure>> {
  const text = bearerOf(c);
  if (text === undefined) return err({ code: "missing_api_key" });
  const shown = await keys.find(text);
  const keyId = shown === undefined ? undefined : keyIdOf(shown.sha256);
  const key = keyId ?? addressOf(c);
  const { success } = await locationLimiter.limit({ key });
  if (!success) return err(tooManyHere);
  if (shown === undefined || keyId === undefined) return err({ code: "invalid_api_key" });
  return ok({ account: shown.account, keyId });
}

/** Lets a request pass that shows an operator's own credential. No API key opens what this guards. */
export function authenticateAdmin(operators: Operators): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const shown = bearerOf(c);
    if (shown === undefined) return failureResponse(c, { code: "missing_api_key" });
    const operator = await operators.nameOf(shown);
    if (operator === undefined) return failureResponse(c, { code: "invalid_api_key" });
    c.set("operator", operator);
    return next();
  };
}

/** OpenAI's names, and its way to write a duration. */
function tellRate(c: Context<AppEnv>, { limit, remaining, resetMs }: RateState): void {
  c.header("x-ratelimit-limit-requests", String(limit));
  c.header("x-ratelimit-remaining-requests", String(remaining));
  c.header("x-ratelimit-reset-requests", durationText(resetMs));
}

/** "12ms", "1.5s", "6m0s". */
function durationText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${Number(seconds.toFixed(3))}s`;
  return `${Math.floor(seconds / 60)}m${Math.floor(seconds % 60)}s`;
}

function bearerOf(c: Context<AppEnv>): string | undefined {
  return /^Bearer +(\S+)$/iu.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
}
