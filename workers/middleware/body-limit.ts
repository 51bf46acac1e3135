import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";

/** Refuses a body beyond the limit by its declared length, or else while it arrives; never holds more of it. */
export function limitBody(limitBytes = requestBodyBytesMax): MiddlewareHandler<AppEnv> {
  return bodyLimit({
    maxSize: limitBytes,
    onError: (c) => failureResponse(c, { code: "payload_too_large", limitBytes }),
  });
}
