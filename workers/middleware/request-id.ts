import type { MiddlewareHandler } from "hono";
import { toHex } from "../../shared/hex.ts";
import type { AppEnv } from "./app-env.ts";
import { tellHeaders } from "./tell-headers.ts";

/** 128 random bits: unique without coordination. */
const idBytes = 16;

/** Names every request. Always our own name: one from outside could forge log lines. */
export function requestId(randomBytes: (count: number) => Uint8Array): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const id = `req_${toHex(randomBytes(idBytes))}`;
    c.set("requestId", id);
    await next();
    tellHeaders(c, { "x-request-id": id });
  };
}
