import { z } from "zod";
import { type BackendFault, failedRunText } from "./backend-fault.ts";
import { echoedNameCharactersMax } from "./limits.ts";

/**
 * Everything that can go wrong and is expected to. `code` is what clients match on and never changes its meaning.
 * No member may carry a prompt, an API key or a secret: messages reach clients and logs.
 */
export type Failure =
  | {
      readonly code: "invalid_request";
      /** The offending field as the client wrote it, or null when the request as a whole is wrong. */
      readonly param: string | null;
      /** Names the field, its limit and the fix. */
      readonly message: string;
      /** The values that would have been accepted, when they can be listed. */
      readonly allowed?: readonly string[];
    }
  | { readonly code: "missing_api_key" }
  | { readonly code: "invalid_api_key" }
  | { readonly code: "model_not_found"; readonly model: string; readonly available?: readonly string[] }
  | { readonly code: "not_found"; readonly what: string }
  | { readonly code: "invalid_signature" }
  | { readonly code: "link_expired" }
  | { readonly code: "payload_too_large"; readonly limitBytes: number }
  | { readonly code: "unsupported_media_type"; readonly expected: string }
  | { readonly code: "method_not_allowed"; readonly allowed: readonly string[] }
  | {
      readonly code: "insufficient_quota";
      /** What the request may cost, in micro-USD. */
      readonly requiredMicroUsd: number;
      readonly availableMicroUsd: number;
    }
  | { readonly code: "idempotency_key_reused" }
  | { readonly code: "idempotent_result_gone" }
  | AllowanceFailure
  | JobFailure
  | { readonly code: "backend_unavailable" }
  | { readonly code: "backend_failed" /** Where it is known. */; readonly fault?: BackendFault }
  | { readonly code: "backend_overloaded"; readonly retryAfterSeconds: number }
  | { readonly code: "deadline_exceeded" }
  | { readonly code: "internal" };

/** What a prompt, a key or its account is not permitted, or not so much of. */
export type AllowanceFailure =
  | { readonly code: "insufficient_scope" /** What the key lacks. */; readonly scope: string }
  | { readonly code: "content_policy_violation" }
  | { readonly code: "moderation_unavailable" }
  | { readonly code: "payment_required"; readonly reason: string }
  | { readonly code: "payment_unavailable" }
  | { readonly code: "account_suspended" }
  | {
      readonly code: "rate_limit_exceeded";
      /** Undefined: too many at this edge location, whatever the key allows. */
      readonly requestsPerMinute: number | undefined;
      readonly retryAfterSeconds: number;
    }
  | {
      readonly code: "concurrency_limit_exceeded";
      /** How many requests of the account may be under way at once. */
      readonly requestsMax: number;
      readonly retryAfterSeconds: number;
    }
  | {
      readonly code: "key_budget_exceeded";
      /** What the key may spend a day, counted from midnight UTC. */
      readonly budgetMicroUsd: number;
    };

/** What is wrong with a job. */
export type JobFailure =
  | { readonly code: "job_id_reused"; readonly jobId: string }
  | { readonly code: "job_not_ended" }
  | { readonly code: "too_many_jobs"; readonly jobsMax: number }
  | {
      readonly code: "job_cancelled";
      /** The part of the stopped work that had run by then, 0…1, where it is known. Never sent to a client. */
      readonly doneShare?: number;
    };

/** The discriminant of `Failure`. */
export type FailureCode = Failure["code"];

/** OpenAI's error envelope. All four keys are always present; `param` is null when no field is to blame. */
export const errorBodySchema = z
  .object({
    error: z
      .object({
        message: z.string(),
        type: z.enum(["invalid_request_error", "insufficient_quota", "rate_limit_error", "server_error"]),
        param: z.string().nullable().describe("The field to blame, if one is."),
        code: z.custom<FailureCode>((value) => typeof value === "string").meta({ type: "string" }),
      })
      .readonly(),
  })
  .readonly();

/** OpenAI's error envelope. */
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** A failure as HTTP carries it: status, JSON body and extra headers (lower-case names). */
export interface FailureResponse {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 502 | 504;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

/** A bug, or a configuration that cannot work: thrown, never returned. Expected outcomes are a `Result`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: FailureCode;
  /** Of a run at a backend. */
  readonly fault: BackendFault | undefined;

  constructor(
    message: string,
    options: { readonly code?: FailureCode; readonly cause?: unknown; readonly fault?: BackendFault | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "internal";
    this.fault = options.fault;
  }
}

/** The `invalid_request` failure for one field; `allowed` is appended to the message. */
export function invalidRequest(param: string | null, message: string, allowed?: readonly string[]): Failure {
  return { code: "invalid_request", param, message, ...(allowed === undefined ? {} : { allowed }) };
}

const resultGoneText =
  "This request was answered and charged before, and its latents are not stored any more. A repeat runs nothing: send " +
  "it with a new 'Idempotency-Key', and not as a retry, to have it made and charged again.";

/**
 * The one map from failures to the wire. Total: a failure without a case here does not compile.
 *
 * Never 503: a widely used client repeats a request that got one at once, without delay and without end.
 */
export function failureToHttp(failure: Failure): FailureResponse {
  switch (failure.code) {
    case "invalid_request":
      return refusal(400, failure.code, `${failure.message}${allowedText(failure.allowed)}`, failure.param);
    case "missing_api_key":
      return unauthorised(failure.code, "An API key is needed. Send it as 'Authorization: Bearer YOUR_KEY'.");
    case "invalid_api_key":
      return unauthorised(failure.code, "This API key is not valid. It may be mistyped, expired or revoked.");
    case "model_not_found":
      return refusal(404, failure.code, modelNotFoundText(failure.model, failure.available), "model");
    case "not_found":
      return refusal(404, failure.code, `There is no such ${failure.what}.`);
    case "invalid_signature":
      return refusal(403, failure.code, "The signature is missing or does not match this request.");
    case "link_expired":
      return refusal(410, failure.code, "This link has expired. Repeat the request that returned it to get a new one.");
    case "payload_too_large":
      return refusal(413, failure.code, `The request body is larger than the limit of ${failure.limitBytes} bytes.`);
    case "unsupported_media_type":
      return refusal(415, failure.code, `Send the body with 'Content-Type: ${failure.expected}'.`);
    case "method_not_allowed":
      return {
        ...refusal(405, failure.code, `This path accepts only ${failure.allowed.join(", ")}.`),
        headers: { allow: failure.allowed.join(", ") },
      };
    case "insufficient_quota":
      return outOfCredit(failure.requiredMicroUsd, failure.availableMicroUsd);
    case "idempotency_key_reused":
      return refusal(422, failure.code, "This 'Idempotency-Key' was used for another request. Send a new one.");
    case "idempotent_result_gone":
      return refusal(410, failure.code, resultGoneText);
    case "job_id_reused":
    case "job_not_ended":
    case "job_cancelled":
    case "too_many_jobs":
      return jobFailureToHttp(failure);
    case "backend_overloaded":
      return tooMany(failure.code, "The image backend is busy.", failure.retryAfterSeconds);
    case "backend_unavailable":
      return fault(502, failure.code, "The image backend cannot be reached. Nothing was charged; try again shortly.");
    case "backend_failed":
      return fault(502, failure.code, failedRunText(failure.fault));
    case "deadline_exceeded":
      return fault(504, failure.code, "The time that the request allowed has passed. Allow more, or ask for less.");
    case "internal":
      return fault(500, failure.code, "Something went wrong on our side. Quote the x-request-id header to support.");
    default:
      return allowanceToHttp(failure);
  }
}

function allowanceToHttp(failure: AllowanceFailure): FailureResponse {
  switch (failure.code) {
    case "content_policy_violation":
      return refusal(400, failure.code, "The prompt is against this service's content policy.", "prompt");
    case "moderation_unavailable":
      return fault(502, failure.code, "The prompt cannot be checked at the moment. Nothing was charged; try again.");
    case "payment_required":
      return refusal(402, failure.code, `${failure.reason} Pay as the header 'payment-required' says, or use a key.`);
    case "payment_unavailable":
      return fault(
        502,
        failure.code,
        "The payment cannot be checked at the moment. Look whether it was made before you pay again.",
      );
    case "insufficient_scope":
      return refusal(403, failure.code, `This API key lacks the scope '${failure.scope}'. Use a key that has it.`);
    case "account_suspended":
      return refusal(403, failure.code, "This account is suspended. Contact the operator of this service.");
    case "rate_limit_exceeded":
      return tooMany(failure.code, rateText(failure.requestsPerMinute), failure.retryAfterSeconds);
    case "concurrency_limit_exceeded":
      return tooMany(
        failure.code,
        `This account has ${failure.requestsMax} requests under way, its limit.`,
        failure.retryAfterSeconds,
      );
    case "key_budget_exceeded":
      return overBudget(failure.budgetMicroUsd);
  }
}

function jobFailureToHttp(failure: JobFailure): FailureResponse {
  switch (failure.code) {
    case "job_id_reused": {
      const message = `The job '${failure.jobId}' exists already, with another body. Choose another id, or delete it.`;
      return refusal(422, failure.code, message, "id");
    }
    case "job_not_ended":
      return refusal(409, failure.code, "The job has not ended. Cancel it first, and delete it when it has ended.");
    case "job_cancelled":
      return refusal(409, failure.code, "The job was cancelled.");
    case "too_many_jobs":
      return tooMany(failure.code, `This account has ${failure.jobsMax} unfinished jobs, its limit.`, 60);
  }
}

function refusal(
  status: FailureResponse["status"],
  code: FailureCode,
  message: string,
  param: string | null = null,
): FailureResponse {
  return { status, body: { error: { message, type: "invalid_request_error", param, code } }, headers: {} };
}

function unauthorised(code: FailureCode, message: string): FailureResponse {
  return { ...refusal(401, code, message), headers: { "www-authenticate": "Bearer" } };
}

/** 402, which OpenAI's clients do not repeat: asking again would not help. */
function outOfCredit(requiredMicroUsd: number, availableMicroUsd: number): FailureResponse {
  const required = `This request may cost up to ${formatUsd(requiredMicroUsd)}`;
  const message = `${required}, and the account has ${formatUsd(availableMicroUsd)} available. Add credit.`;
  return noQuota("insufficient_quota", message);
}

/** 402 as well: the key has no more to spend today, and coming back at once would not help. */
function overBudget(budgetMicroUsd: number): FailureResponse {
  const message = `This request could exceed this API key's budget of ${formatUsd(budgetMicroUsd)} a day. It begins anew at 00:00 UTC.`;
  return noQuota("key_budget_exceeded", message);
}

function noQuota(code: FailureCode, message: string): FailureResponse {
  return { status: 402, body: { error: { message, type: "insufficient_quota", param: null, code } }, headers: {} };
}

/** To the last micro-dollar, because that is what a balance is counted in. */
function formatUsd(microUsd: number): string {
  return `${(microUsd / 1_000_000).toFixed(6)} USD`;
}

function fault(status: 500 | 502 | 504, code: FailureCode, message: string): FailureResponse {
  return { status, body: { error: { message, type: "server_error", param: null, code } }, headers: {} };
}

/** 429, which clients repeat after the time that is named. */
function tooMany(code: FailureCode, reason: string, retryAfterSeconds: number): FailureResponse {
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
  const message = `${reason} Try again in ${seconds} s.`;
  return {
    status: 429,
    body: { error: { message, type: "rate_limit_error", param: null, code } },
    headers: { "retry-after": String(seconds) },
  };
}

function rateText(requestsPerMinute: number | undefined): string {
  if (requestsPerMinute === undefined) return "Too many requests.";
  return `This API key may send ${requestsPerMinute} requests a minute.`;
}

function modelNotFoundText(model: string, available: readonly string[] | undefined): string {
  return `The model '${model.slice(0, echoedNameCharactersMax)}' does not exist.${allowedText(available)}`;
}

function allowedText(allowed: readonly string[] | undefined): string {
  return allowed === undefined || allowed.length === 0 ? "" : ` Accepted: ${allowed.join(", ")}.`;
}
