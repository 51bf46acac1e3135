const minuteMs = 60_000;

/** A key's bucket of permissions to send a request. */
interface Bucket {
  /** 0…limit; fractions are on their way. */
  readonly tokens: number;
  readonly atMs: number;
}

/** What a key may still send. */
export interface RateState {
  readonly allowed: boolean;
  /** Requests a minute. */
  readonly limit: number;
  /** Requests that may be sent at once now. */
  readonly remaining: number;
  /** Until `remaining` is `limit` again if nothing more is sent. */
  readonly resetMs: number;
  /** Until one more may be sent; 0 when it may be now. */
  readonly retryAfterMs: number;
}

/**
 * Token buckets: a key may send a minute's worth at once and gets one request back every `60 s / limit`. Kept in
 * memory, since a write a request would cost more than what it guards; when the object ends, buckets are full again.
 */
export class RequestRates {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one request from a key's bucket. `limit`: requests a minute. */
  take(keyId: string, limit: number, nowMs: number): RateState {
    const { tokens, atMs } = this.#buckets.get(keyId) ?? { tokens: limit, atMs: nowMs };
    const refilled = Math.min(limit, tokens + (Math.max(0, nowMs - atMs) * limit) / minuteMs);
    const allowed = refilled >= 1;
    const left = allowed ? refilled - 1 : refilled;
    this.#buckets.set(keyId, { tokens: left, atMs: nowMs });
    const tokenMs = minuteMs / limit;
    return {
      allowed,
      limit,
      remaining: Math.floor(left),
      resetMs: Math.ceil((limit - left) * tokenMs),
      retryAfterMs: left >= 1 ? 0 : Math.ceil((1 - left) * tokenMs),
    };
  }
}
