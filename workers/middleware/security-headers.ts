import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";
import { tellHeaders } from "./tell-headers.ts";

/**
 * On every answer: no browser guesses a type, and none that has seen the service by TLS comes back without it for a
 * year (RFC 6797; browsers ignore the second header over plain HTTP).
 */
const securityHeaders = {
  "x-content-type-options": "nosniff",
  "strict-transport-security": "max-age=31536000; includeSubDomains",
};

/** Sets them after the handler, in place. */
export function secureHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    tellHeaders(c, securityHeaders);
  };
}
