import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { AppEnv } from "./app-env.ts";

/** Browsers ask again after a day; Firefox's own maximum. */
const preflightSeconds = 86_400;

/**
 * Any page may call with a key. Without credentials, so nothing that a browser holds (cookies) is ever sent along.
 * Request headers are not listed: clients send a dozen of their own, and none of them grants anything here.
 */
export function crossOrigin(): MiddlewareHandler<AppEnv> {
  return cors({
    origin: "*",
    allowMethods: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"],
    exposeHeaders: [
      "etag",
      "idempotent-replayed",
      "payment-required",
      "payment-response",
      "retry-after",
      "server-timing",
      "x-ratelimit-limit-requests",
      "x-ratelimit-remaining-requests",
      "x-ratelimit-reset-requests",
      "x-request-id",
      "x-should-retry",
      "x-wuerstchen-age-seconds",
      "x-wuerstchen-cost-micro-usd",
      "x-wuerstchen-latent-id",
      "x-wuerstchen-seed",
      "x-wuerstchen-similar",
      "x-wuerstchen-tier",
      "x-wuerstchen-warning",
    ],
    maxAge: preflightSeconds,
  });
}
