import type { Context } from "hono";
import type { Failure, FailureCode } from "../../shared/errors.ts";
import { formatWireFailure } from "../../shared/wire/failure.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import type { Unscheduled } from "../scheduling/scheduler.ts";

/**
 * Said before the whole body was read. The server soon closes a connection that is still full of it, so nobody must be
 * led to send the next request there.
 */
const bodyIsUnread: readonly FailureCode[] = ["payload_too_large", "unsupported_media_type", "method_not_allowed"];

/** The one way in which a route says no. */
export function answerFailure(
  context: Context,
  failure: Failure,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const { status, body, headers } = formatWireFailure(failure);
  const closing = bodyIsUnread.includes(failure.code) ? { connection: "close" } : {};
  return context.json(body, status, { ...headers, ...closing, ...extraHeaders });
}

/**
 * 503: the guard against replays cannot remember this request, which may come again in a second. Only here, on the way
 * to the edge: a client of the API gets 429 (see `failureToHttp`).
 */
export function answerGuardFull(context: Context): Response {
  const { body, headers } = formatWireFailure({ code: "backend_overloaded", retryAfterSeconds: 1 });
  return context.json(body, 503, headers);
}

/** Says no to a task, and in `server-timing` how long it waited and what it used of the device all the same. */
export function answerUnscheduled(context: Context, { failure, queueMs, gpuMs }: Unscheduled): Response {
  return answerFailure(context, failure, { "server-timing": formatServerTiming({ queue: queueMs, gpu: gpuMs }) });
}
