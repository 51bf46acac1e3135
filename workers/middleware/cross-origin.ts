import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";
import { tellHeaders } from "./tell-headers.ts";

/** Browsers ask again after a day; Firefox's own maximum. */
const preflightSeconds = 86_400;

/** The operator's routes are for programs of the operator, and for no page of another origin. */
const operatorPaths = "/v1/admin/";

/** On every other answer. "*" means all headers, because no request has credentials. */
const anyOrigin = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" };

const preflightHeaders = {
  "access-control-allow-methods": "GET,HEAD,POST,PUT,DELETE,OPTIONS",
  "access-control-max-age": String(preflightSeconds),
};

/**
 * Any page may call with a key, but for the operator's routes. Without credentials, so nothing that a browser holds
 * (cookies) is ever sent along. Request headers are allowed as they are asked for: clients send a dozen of their own,
 * and none grants anything here.
 */
export function crossOrigin(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const isOpen = !c.req.path.startsWith(operatorPaths);
    if (c.req.method === "OPTIONS") c.res = isOpen ? answerPreflight(c) : new Response(null, { status: 204 });
    else await next();
    // After the handler: a header that is set before it would have Hono copy every response.
    if (isOpen) tellHeaders(c, anyOrigin);
  };
}

function answerPreflight(c: Context<AppEnv>): Response {
  const asked = c.req.header("access-control-request-headers");
  const allowed = asked && { "access-control-allow-headers": asked, vary: "Access-Control-Request-Headers" };
  return new Response(null, { status: 204, headers: { ...preflightHeaders, ...allowed } });
}
