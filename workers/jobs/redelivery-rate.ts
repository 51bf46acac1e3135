import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { RequestRates } from "../account/keys/request-rate.ts";

/** Webhooks that one account may have sent again a minute, of all its jobs: enough to go through a page of them. */
export const redeliveriesPerMinuteMax = 30;

/** How many redeliveries an account may ask for. Held in memory, as the rates of keys are. */
export class RedeliveryRate {
  readonly #rates = new RequestRates();

  /** Counts one. Fails with `rate_limit_exceeded`. */
  take(nowMs: number): Result<undefined, Failure> {
    const { allowed, retryAfterMs } = this.#rates.take("", redeliveriesPerMinuteMax, nowMs);
    if (allowed) return ok(undefined);
    const retryAfterSeconds = Math.ceil(retryAfterMs / 1_000);
    return err({ code: "rate_limit_exceeded", requestsPerMinute: undefined, retryAfterSeconds });
  }
}
