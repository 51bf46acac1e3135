import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Services } from "./services.ts";

const requestIdHeader = "x-request-id";

/**
 * Counts every answer and writes one line for it: the route's pattern, not the path that was asked for, and nothing of
 * a body. Passes the request's id on, or gives it one.
 */
export function logRequests({ log, metrics, now }: Services): MiddlewareHandler {
  return async (context, next) => {
    const start = now();
    const given = context.req.header(requestIdHeader) ?? "";
    const requestId = /^[\w-]{1,64}$/u.test(given) ? given : randomUUID();
    await next();
    context.header(requestIdHeader, requestId);
    const route = routePath(context, -1);
    const { status } = context.res;
    metrics.requestAnswered(route, status);
    log.info({ requestId, method: context.req.method, route, status, ms: Math.round(now() - start) }, "request");
  };
}
