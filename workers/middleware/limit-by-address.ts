import type { Context, MiddlewareHandler } from "hono";
import type { Failure } from "../../shared/errors.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";

/** In front of everything else, per edge location and permissive: it keeps floods off the account's object. */
export type LocationLimiter = Pick<RateLimit, "limit">;

/** The period of the limiter in wrangler.toml. */
export const locationLimitSeconds = 10;

/** Too many at this edge location. */
export const tooManyHere: Failure = {
  code: "rate_limit_exceeded",
  requestsPerMinute: undefined,
  retryAfterSeconds: locationLimitSeconds,
};

/** The period of STRANGER_LIMITER in wrangler.toml. */
export const strangerLimitSeconds = 60;

/** Too many wrong credentials or payments from one address. */
export const tooManyWrong: Failure = {
  code: "rate_limit_exceeded",
  requestsPerMinute: undefined,
  retryAfterSeconds: strangerLimitSeconds,
};

/** The period of LINK_DECODE_LIMITER in wrangler.toml. */
const linkDecodeLimitSeconds = 60;

/** Too many pictures of one account were decoded again for links. */
export const tooManyLinkDecodes: Failure = {
  code: "rate_limit_exceeded",
  requestsPerMinute: undefined,
  retryAfterSeconds: linkDecodeLimitSeconds,
};

/** The name under which a caller without a key is counted. */
export function addressOf(c: Context<AppEnv>): string {
  return `address:${c.req.header("cf-connecting-ip") ?? "unknown"}`;
}

/** Lets a route that takes no key be asked by one address as often as wrong keys may be tried. */
export function limitByAddress(limiter: LocationLimiter): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { success } = await limiter.limit({ key: addressOf(c) });
    return success ? next() : failureResponse(c, tooManyHere);
  };
}
