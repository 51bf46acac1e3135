import type { Context, MiddlewareHandler } from "hono";
import { sha256 } from "../../shared/hmac.ts";
import type { KeyStore } from "../auth/key-store.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";

/** Lets a request pass that shows a valid API key, and tells those after it whose it is. */
export function authenticate(keys: KeyStore): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = bearerOf(c);
    if (key === undefined) return failureResponse(c, { code: "missing_api_key" });
    const record = await keys.find(key);
    if (record === undefined) return failureResponse(c, { code: "invalid_api_key" });
    c.set("account", record.account);
    return next();
  };
}

/** Lets a request pass that shows the operator's own credential. No API key opens what this guards. */
export function authenticateAdmin(adminSecret: string): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const shown = bearerOf(c);
    if (shown === undefined) return failureResponse(c, { code: "missing_api_key" });
    const [expected, actual] = await Promise.all(
      [adminSecret, shown].map((text) => sha256(new TextEncoder().encode(text))),
    );
    // Equal in length, as digests are, which the comparison in constant time asks for.
    const isAdmin = expected !== undefined && actual !== undefined && crypto.subtle.timingSafeEqual(expected, actual);
    return isAdmin ? next() : failureResponse(c, { code: "invalid_api_key" });
  };
}

function bearerOf(c: Context<AppEnv>): string | undefined {
  return /^Bearer +(\S+)$/iu.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
}
