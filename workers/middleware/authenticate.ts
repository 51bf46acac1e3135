import type { MiddlewareHandler } from "hono";
import type { KeyStore } from "../auth/key-store.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";

/** Lets a request pass that shows a valid API key, and tells those after it whose it is. */
export function authenticate(keys: KeyStore): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const key = /^Bearer +(\S+)$/iu.exec(c.req.header("authorization")?.trim() ?? "")?.[1];
    if (key === undefined) return failureResponse(c, { code: "missing_api_key" });
    const record = await keys.find(key);
    if (record === undefined) return failureResponse(c, { code: "invalid_api_key" });
    c.set("account", record.account);
    return next();
  };
}
