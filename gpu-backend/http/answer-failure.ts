import type { Context } from "hono";
import { type Failure, failureToHttp } from "../../shared/errors.ts";

/** The one way in which a route says no. */
export function answerFailure(context: Context, failure: Failure): Response {
  const { status, body, headers } = failureToHttp(failure);
  return context.json(body, status, headers);
}
