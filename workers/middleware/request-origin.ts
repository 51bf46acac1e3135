import type { Context } from "hono";
import { nearestRegion } from "../gpu/region.ts";
import type { RequestOrigin } from "../gpu/request-origin.ts";
import type { AppEnv } from "./app-env.ts";

/** Every request is recorded: the backend decides what it keeps. */
const sampled = "01";

/**
 * The client's part of the world, and the request's place in its trace. The trace is named by the request's own id, so
 * that `x-request-id`, our log lines and the spans of the backend lead to one another; one from outside could name
 * another's.
 */
export function requestOrigin(c: Context<AppEnv>): RequestOrigin {
  const { latitude, longitude } = c.req.raw.cf ?? {};
  const traceId = c.get("requestId").replace(/^req_/u, "");
  return {
    region: nearestRegion(degrees(latitude), degrees(longitude)),
    // The edge's own span is the request: its id is the trace's first half, as unique as the whole.
    traceparent: `00-${traceId}-${traceId.slice(0, 16)}-${sampled}`,
  };
}

/** Not a number when the platform gives none; `Number("")` would be a place in the Atlantic. */
function degrees(text: unknown): number {
  return typeof text === "string" && text !== "" ? Number(text) : Number.NaN;
}
