import { failedRunText } from "./backend-fault.ts";
import type {
  AllowanceFailure,
  BodyFailure,
  Failure,
  FailureCode,
  FailureResponse,
  JobFailure,
  ModelFailure,
  ModelNotFound,
} from "./errors.ts";
import { echoedNameCharactersMax } from "./limits.ts";

const resultGoneText =
  "This request was answered and charged before, and its latents are no longer stored. A repeat runs nothing. To run " +
  "and pay for the request again, send it with a new 'Idempotency-Key', and not as a retry.";

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
      return unauthorised(failure.code, "An API key is required. Send it as 'Authorization: Bearer YOUR_KEY'.");
    case "invalid_api_key":
      return unauthorised(failure.code, "This API key is not valid. It may be mistyped, expired or revoked.");
    case "model_not_found":
    case "model_unavailable":
    case "thresholds_missed":
      return modelFailureToHttp(failure);
    case "not_found":
      return refusal(404, failure.code, [`There is no such ${failure.what}.`, failure.hint].join(" ").trimEnd());
    case "invalid_signature":
      return refusal(403, failure.code, "The signature is missing or does not match this request.");
    case "link_expired":
      return refusal(410, failure.code, "This link has expired. Repeat the request that returned it to get a new one.");
    case "payload_too_large":
    case "request_timeout":
    case "server_busy":
    case "unsupported_media_type":
      return bodyFailureToHttp(failure);
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
    case "job_without_webhook":
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
      return fault(504, failure.code, "The request's deadline has passed. Allow more time, or request less.");
    case "internal":
      return fault(500, failure.code, "Something went wrong on our side. Quote the x-request-id header to support.");
    default:
      return allowanceToHttp(failure);
  }
}

function modelFailureToHttp(failure: ModelFailure): FailureResponse {
  switch (failure.code) {
    case "model_not_found":
      return refusal(404, failure.code, modelNotFoundText(failure, failure.available), "model");
    case "model_unavailable":
      return fault(502, failure.code, "No image backend holds this model now. Nothing was charged; try another model.");
    case "thresholds_missed":
      return refusal(422, failure.code, thresholdsText(failure.model, failure.missed), "kpi");
  }
}

function bodyFailureToHttp(failure: BodyFailure): FailureResponse {
  switch (failure.code) {
    case "payload_too_large":
      return refusal(413, failure.code, `The request body is larger than the limit of ${failure.limitBytes} bytes.`);
    case "request_timeout":
      return refusal(
        408,
        failure.code,
        `The request body did not arrive within ${failure.secondsMax} s. Send less, or faster.`,
      );
    case "server_busy":
      return tooMany(
        failure.code,
        "The bodies of other requests fill the memory that is set aside for them.",
        failure.retryAfterSeconds,
      );
    case "unsupported_media_type":
      return refusal(
        415,
        failure.code,
        `Send the body with '${failure.header ?? "Content-Type"}: ${failure.expected}'.`,
      );
  }
}

function allowanceToHttp(failure: AllowanceFailure): FailureResponse {
  switch (failure.code) {
    case "content_policy_violation":
      return refusal(400, failure.code, "The prompt violates this service's content policy.", "prompt");
    case "moderation_unavailable":
      return fault(502, failure.code, "The prompt cannot be checked now. Nothing was charged; try again.");
    case "payment_required":
      return refusal(402, failure.code, `${failure.reason} Pay as the header 'payment-required' says, or use a key.`);
    case "payment_unavailable":
      return fault(
        502,
        failure.code,
        "The payment cannot be checked now. Check whether it was made before you pay again.",
      );
    case "checkout_unavailable":
      return fault(502, failure.code, "No payment can be opened at Stripe now. Nothing was paid; try again.");
    case "insufficient_scope":
      return refusal(403, failure.code, `This API key lacks the scope '${failure.scope}'. Use a key that has it.`);
    case "model_not_allowed": {
      const message = `This API key may not use the model '${failure.model}'.${allowedText(failure.allowed)}`;
      return refusal(403, failure.code, message, "model");
    }
    case "account_suspended":
      return refusal(403, failure.code, "This account is suspended. Contact the operator of this service.");
    case "rate_limit_exceeded":
      return tooMany(failure.code, rateText(failure.requestsPerMinute), failure.retryAfterSeconds);
    case "concurrency_limit_exceeded":
      return tooMany(
        failure.code,
        `This account has ${failure.requestsMax} requests in flight, its limit.`,
        failure.retryAfterSeconds,
      );
    case "key_budget_exceeded":
      return overBudget(failure.budgetMicroUsd);
  }
}

function jobFailureToHttp(failure: JobFailure): FailureResponse {
  switch (failure.code) {
    case "job_id_reused": {
      const message = `The job '${failure.jobId}' already exists with another body. Choose another id, or delete the job.`;
      return refusal(422, failure.code, message, "id");
    }
    case "job_not_ended":
      return refusal(409, failure.code, "The job has not ended. Wait for its end, or cancel it first.");
    case "job_without_webhook":
      return refusal(
        409,
        failure.code,
        "The job has no 'webhook_url', so there is nothing to deliver. Name one when you create a job.",
      );
    case "job_cancelled":
      return refusal(409, failure.code, "The job was cancelled.");
    case "too_many_jobs":
      return tooMany(failure.code, `This account has ${failure.jobsMax} unfinished jobs, its limit.`, 60);
  }
}

function thresholdsText(model: string, missed: readonly string[]): string {
  return `'${model}' misses thresholds of its report: ${missed.join("; ")}. Send 'force': true to offer it all the same.`;
}

/** A 4xx: the client can correct the request. */
function refusal(
  status: FailureResponse["status"],
  code: FailureCode,
  message: string,
  param: string | null = null,
): FailureResponse {
  return { status, body: { error: { message, type: "invalid_request_error", param, code } }, headers: {} };
}

/** 401, with the scheme that is accepted. */
function unauthorised(code: FailureCode, message: string): FailureResponse {
  return { ...refusal(401, code, message), headers: { "www-authenticate": "Bearer" } };
}

/** 402: OpenAI's clients do not retry it, since a retry would not help. */
function outOfCredit(requiredMicroUsd: number, availableMicroUsd: number): FailureResponse {
  const required = `This request may cost up to ${formatUsd(requiredMicroUsd)}`;
  const message = `${required}, and the account has ${formatUsd(availableMicroUsd)} available. Add credit.`;
  return noQuota("insufficient_quota", message);
}

/** 402: the key has spent its budget of today, so a retry would not help. */
function overBudget(budgetMicroUsd: number): FailureResponse {
  const message = `This request could exceed this API key's budget of ${formatUsd(budgetMicroUsd)} per day, which resets at 00:00 UTC.`;
  return noQuota("key_budget_exceeded", message);
}

function noQuota(code: FailureCode, message: string): FailureResponse {
  return { status: 402, body: { error: { message, type: "insufficient_quota", param: null, code } }, headers: {} };
}

/** All six decimals: balances are whole micro-USD. */
function formatUsd(microUsd: number): string {
  return `${(microUsd / 1_000_000).toFixed(6)} USD`;
}

/** A 5xx: this service failed, or one that it needs. */
function fault(status: 500 | 502 | 504, code: FailureCode, message: string): FailureResponse {
  return { status, body: { error: { message, type: "server_error", param: null, code } }, headers: {} };
}

/** 429: clients retry after the stated time. */
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
  return `This API key may send ${requestsPerMinute} requests per minute.`;
}

/** For a client that names a model that there is not. `available`: what it is to say of those that there are. */
export function modelNotFoundText({ model, aliasOf }: ModelNotFound, available?: readonly string[]): string {
  const name = model.slice(0, echoedNameCharactersMax);
  const hint = "The operator's setting MODEL_ALIASES can give a model other names.";
  const missing =
    aliasOf === undefined ? "does not exist" : `is an alias of '${aliasOf}', which the service does not have`;
  return `The model '${name}' ${missing}.${allowedText(available)} ${hint}`;
}

function allowedText(allowed: readonly string[] | undefined): string {
  return allowed === undefined || allowed.length === 0 ? "" : ` Accepted: ${allowed.join(", ")}.`;
}
