import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv, Log } from "./app-env.ts";

/**
 * One line a request. The route's pattern stands in for the path, because a path's query holds a signature; bodies and
 * headers are never read.
 */
export function requestLog(log: Log, nowMs: () => number): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = nowMs();
    await next();
    const tier = c.get("tier");
    const code = c.get("failureCode");
    log({
      event: "request",
      request_id: c.get("requestId"),
      method: c.req.method,
      route: routePath(c),
      status: c.res.status,
      ms: nowMs() - startedMs,
      ...(tier === undefined ? {} : { tier }),
      ...(code === undefined ? {} : { code }),
    });
  };
}
