import type { Context, MiddlewareHandler } from "hono";
import type { KeyScope } from "../../shared/api/key-scopes.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { createAccountGate, type GateServices } from "../account/account-gate.ts";
import { keyIdOf } from "../account/keys/key-record.ts";
import type { RateState } from "../account/keys/request-rate.ts";
import type { KeyDirectory, ShownKey } from "../auth/key-directory.ts";
import type { Operators } from "../auth/operators.ts";
import type { FailureLimiter } from "../edge/failure-limiter.ts";
import { enterNow } from "./admission.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";
import { addressOf, type LocationLimiter, tooManyHere, tooManyWrong } from "./limit-by-address.ts";
import { tellHeaders } from "./tell-headers.ts";

/** What it takes to know a caller. */
export interface Authentication extends GateServices {
  readonly keys: KeyDirectory;
  readonly locationLimiter: LocationLimiter;
  readonly strangerLimiter: FailureLimiter;
}

/**
 * The guard of a route: `allow(scope)` passes a request with a valid API key that has the scope and is within its rate,
 * and sets its account for later handlers. Every answer to a valid key states its remaining requests.
 */
export function authenticate(parts: Authentication): (scope: KeyScope) => MiddlewareHandler<AppEnv> {
  return (scope) => guard(parts, scope, { admitsFirst: () => true, note: () => {} });
}

/** Keys that were refused lately, of which an isolate knows; then all are forgotten. */
const refusedKeysMax = 4_096;

/**
 * As `authenticate`, for a route that reserves money anyway: `c.get("gate")` asks for admission and money in one call.
 * The route's handler comes from `answerAdmitted`, by which a refusal precedes every other failure. A key that was
 * refused the last time is asked about before the handler runs, so that a flood of refused requests costs no more than
 * the question.
 */
export function authenticateLater(parts: Authentication): (scope: KeyScope) => MiddlewareHandler<AppEnv> {
  const refused = new Set<string>();
  function note(keyId: string, isRefused: boolean): void {
    if (!isRefused) refused.delete(keyId);
    else if (refused.size < refusedKeysMax) refused.add(keyId);
    else refused.clear();
  }
  return (scope) => guard(parts, scope, { admitsFirst: (keyId) => refused.has(keyId), note });
}

interface Order {
  /** Whether the account is asked before the handler runs. */
  admitsFirst(keyId: string): boolean;
  /** Notes how the account answered. */
  note(keyId: string, isRefused: boolean): void;
}

function guard(parts: Authentication, scope: KeyScope, order: Order): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const identified = await identify(parts, c);
    if (!identified.ok) return failureResponse(c, identified.error);
    const { account, keyId, defaults, models } = identified.value;
    const gate = createAccountGate(parts, account, { keyId, scope });
    c.set("account", account);
    c.set("keyId", keyId);
    c.set("defaults", defaults);
    c.set("models", models);
    c.set("gate", gate);
    const entered = order.admitsFirst(keyId) ? await enterNow(c) : ok(undefined);
    if (entered.ok) await next();
    else c.res = failureResponse(c, entered.error);
    const admission = gate.admission();
    if (admission?.rate !== undefined) tellHeaders(c, rateHeaders(admission.rate));
    if (admission !== undefined) order.note(keyId, !admission.outcome.ok);
    return undefined;
  };
}

interface Identified extends Pick<ShownKey, "account" | "defaults" | "models"> {
  readonly keyId: string;
}

/** Whose key is shown. Whoever tries keys is limited by address, and cannot use up what a real key may send. */
async function identify(
  { keys, locationLimiter, strangerLimiter }: Authentication,
  c: Context<AppEnv>,
): Promise<Result<Identified, Failure>> {
  const text = bearerOf(c);
  if (text === undefined) return err({ code: "missing_api_key" });
  const shown = await keys.find(text);
  const keyId = shown === undefined ? undefined : keyIdOf(shown.sha256);
  const key = keyId ?? addressOf(c);
  const { success } = await locationLimiter.limit({ key });
  if (!success) return err(tooManyHere);
  if (shown === undefined || keyId === undefined) return err(await wrongCredential(strangerLimiter, c));
  return ok({ ...shown, keyId });
}

/** What a wrong credential is told: a right one from the same address still opens. */
async function wrongCredential(strangers: FailureLimiter, c: Context<AppEnv>): Promise<Failure> {
  return (await strangers.note(addressOf(c))) ? { code: "invalid_api_key" } : tooManyWrong;
}

/** Lets a request pass that shows an operator's own credential. No API key opens what this guards. */
export function authenticateAdmin({
  operators,
  strangerLimiter,
}: Pick<Authentication, "strangerLimiter"> & { readonly operators: Operators }): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const shown = bearerOf(c);
    if (shown === undefined) return failureResponse(c, { code: "missing_api_key" });
    const operator = await operators.nameOf(shown);
    if (operator === undefined) return failureResponse(c, await wrongCredential(strangerLimiter, c));
    c.set("operator", operator);
    return next();
  };
}

/** OpenAI's names, and its way to write a duration. */
function rateHeaders({ limit, remaining, resetMs }: RateState): Readonly<Record<string, string>> {
  return {
    "x-ratelimit-limit-requests": String(limit),
    "x-ratelimit-remaining-requests": String(remaining),
    "x-ratelimit-reset-requests": durationText(resetMs),
  };
}

/** "12ms", "1.5s", "6m0s". */
function durationText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${Number(seconds.toFixed(3))}s`;
  return `${Math.floor(seconds / 60)}m${Math.floor(seconds % 60)}s`;
}

/** What a request shows as its credential. */
export function bearerOf(c: Context<AppEnv>): string | undefined {
  return /^Bearer +(\S+)$/iu.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
}
