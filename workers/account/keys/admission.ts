import type { KeyScope } from "../../../shared/api/key-scopes.ts";
import type { Failure } from "../../../shared/errors.ts";
import { requestsPerMinuteDefault } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { readAccount } from "./account-record.ts";
import { findKey, isKeyValid } from "./key-record.ts";
import type { RateState, RequestRates } from "./request-rate.ts";

/** A request that shows a key of this account. */
export interface AdmissionRequest {
  readonly keyId: string;
  /** What the route asks of a key. */
  readonly scope: KeyScope;
}

/** The decision about a request, and what the key may still send; undefined for a key that is none. */
export interface Admission {
  readonly outcome: Result<{ readonly scopes: readonly KeyScope[] }, Failure>;
  readonly rate: RateState | undefined;
}

/**
 * Decides whether a key opens a route now. Reads the account's own tables, so a key that was revoked, or an account
 * that was suspended, is refused from the next request on. A refused request counts for the rate like any other.
 */
export function admit(
  { sql, rates }: { readonly sql: SqlStorage; readonly rates: RequestRates },
  { keyId, scope }: AdmissionRequest,
  nowMs: number,
): Admission {
  const key = findKey(sql, keyId);
  if (key === undefined || !isKeyValid(key, nowMs)) {
    return { outcome: err({ code: "invalid_api_key" }), rate: undefined };
  }
  const rate = rates.take(keyId, key.requestsPerMinute ?? requestsPerMinuteDefault, nowMs);
  if (!rate.allowed) {
    const retryAfterSeconds = rate.retryAfterMs / 1_000;
    return { outcome: err({ code: "rate_limit_exceeded", requestsPerMinute: rate.limit, retryAfterSeconds }), rate };
  }
  if (readAccount(sql)?.suspended) return { outcome: err({ code: "account_suspended" }), rate };
  if (!key.scopes.includes(scope)) return { outcome: err({ code: "insufficient_scope", scope }), rate };
  return { outcome: ok({ scopes: key.scopes }), rate };
}
