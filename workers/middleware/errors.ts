import type { Context, ErrorHandler, Handler, MiddlewareHandler } from "hono";
import { AppError, type Failure } from "../../shared/errors.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";
import type { AppEnv, Log } from "./app-env.ts";

/** OpenAI's client ignores a longer `retry-after` and would retry far too early. */
const honouredRetryAfterSecondsMax = 60;

/** A failure as the client sees it: status, OpenAI's envelope, and whether coming back is worth it. */
export function failureResponse(c: Context<AppEnv>, failure: Failure): Response {
  c.set("failureCode", failure.code);
  const { status, body, headers } = failureToHttp(failure);
  const shouldRetry = retryAdvice(failure);
  return c.json(c.get("plainErrors") === true ? { ...body.error, error: body.error.message } : body, status, {
    "cache-control": "no-store",
    ...headers,
    ...(shouldRetry === undefined ? {} : { "x-should-retry": String(shouldRetry) }),
  });
}

/** For routes whose clients expect `{"error": "text"}`: the same four fields, without the envelope. */
export function plainErrors(): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    c.set("plainErrors", true);
    return next();
  };
}

/** Answers a path's other methods. */
export function methodNotAllowed(...allowed: readonly string[]): Handler<AppEnv> {
  return (c) => failureResponse(c, { code: "method_not_allowed", allowed });
}

/** Answers bugs and broken storage. The client learns nothing but the request's id; the log learns where it was. */
export function unexpectedError(log: Log): ErrorHandler<AppEnv> {
  return (error, c) => {
    log({ event: "unexpected_error", request_id: c.get("requestId"), ...describeError(error) });
    return failureResponse(c, { code: "internal" });
  };
}

/** Our own messages hold no secrets by rule; of a foreign error only its name and place are told, as its text may. */
export function describeError(error: Error): Readonly<Record<string, string>> {
  if (error instanceof AppError) return { error: error.name, message: error.message };
  const at = error.stack?.split("\n").find((line) => /^\s+at /u.test(line));
  return { error: error.name, at: at?.trim() ?? "" };
}

/** Only where clients would guess wrong from the status alone. */
function retryAdvice(failure: Failure): boolean | undefined {
  switch (failure.code) {
    case "rate_limit_exceeded":
    case "backend_overloaded":
    case "server_busy":
      return failure.retryAfterSeconds <= honouredRetryAfterSecondsMax;
    case "moderation_unavailable":
    case "backend_unavailable":
      return true;
    // The same request makes the same failure, at the price of another GPU run.
    case "payment_unavailable":
    case "backend_failed":
    case "model_unavailable":
    case "internal":
      return false;
    // Only another request can change that: one that cancels the job, or a new one.
    case "job_not_ended":
    case "job_cancelled":
      return false;
    default:
      return undefined;
  }
}
