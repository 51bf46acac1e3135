import type { Context } from "hono";
import { type Failure, failureToHttp } from "../../shared/errors.ts";
import { formatServerTiming } from "../../shared/wire/server-timing.ts";
import type { Unscheduled } from "../scheduling/scheduler.ts";

/** The one way in which a route says no. */
export function answerFailure(
  context: Context,
  failure: Failure,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const { status, body, headers } = failureToHttp(failure);
  return context.json(body, status, { ...headers, ...extraHeaders });
}

/** Says no to a job, and in `server-timing` how long it waited and what it used of the device all the same. */
export function answerUnscheduled(context: Context, { failure, queueMs, gpuMs }: Unscheduled): Response {
  return answerFailure(context, failure, { "server-timing": formatServerTiming({ queue: queueMs, gpu: gpuMs }) });
}
