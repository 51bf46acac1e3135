import type { Failure, FailureCode } from "./errors.ts";

/**
 * One failure of each kind: a new one does not compile before it has its example, in the API's document and in its
 * tests.
 */
export const failureExamples: { readonly [Code in FailureCode]: Extract<Failure, { readonly code: Code }> } = {
  invalid_request: {
    code: "invalid_request",
    param: "size",
    message: "'size' must be one that emoji-128 offers.",
    allowed: ["128x128", "auto"],
  },
  missing_api_key: { code: "missing_api_key" },
  invalid_api_key: { code: "invalid_api_key" },
  model_not_found: { code: "model_not_found", model: "dall-e-3", available: ["emoji-128"] },
  not_found: { code: "not_found", what: "latent" },
  invalid_signature: { code: "invalid_signature" },
  link_expired: { code: "link_expired" },
  payload_too_large: { code: "payload_too_large", limitBytes: 524_288 },
  request_timeout: { code: "request_timeout", secondsMax: 60 },
  server_busy: { code: "server_busy", retryAfterSeconds: 1 },
  unsupported_media_type: { code: "unsupported_media_type", expected: "application/json" },
  method_not_allowed: { code: "method_not_allowed", allowed: ["POST"] },
  content_policy_violation: { code: "content_policy_violation" },
  moderation_unavailable: { code: "moderation_unavailable" },
  payment_required: { code: "payment_required", reason: "This request needs a payment." },
  payment_unavailable: { code: "payment_unavailable" },
  checkout_unavailable: { code: "checkout_unavailable" },
  insufficient_scope: { code: "insufficient_scope", scope: "latents" },
  account_suspended: { code: "account_suspended" },
  rate_limit_exceeded: { code: "rate_limit_exceeded", requestsPerMinute: 600, retryAfterSeconds: 2 },
  concurrency_limit_exceeded: { code: "concurrency_limit_exceeded", requestsMax: 16, retryAfterSeconds: 3.5 },
  key_budget_exceeded: { code: "key_budget_exceeded", budgetMicroUsd: 1_000_000 },
  insufficient_quota: { code: "insufficient_quota", requiredMicroUsd: 55, availableMicroUsd: 12 },
  idempotency_key_reused: { code: "idempotency_key_reused" },
  idempotent_result_gone: { code: "idempotent_result_gone" },
  job_id_reused: { code: "job_id_reused", jobId: "batch-1" },
  job_not_ended: { code: "job_not_ended" },
  job_without_webhook: { code: "job_without_webhook" },
  too_many_jobs: { code: "too_many_jobs", jobsMax: 1_000 },
  model_unavailable: { code: "model_unavailable" },
  backend_unavailable: { code: "backend_unavailable" },
  backend_failed: { code: "backend_failed" },
  backend_overloaded: { code: "backend_overloaded", retryAfterSeconds: 2.2 },
  deadline_exceeded: { code: "deadline_exceeded" },
  job_cancelled: { code: "job_cancelled" },
  internal: { code: "internal" },
};
