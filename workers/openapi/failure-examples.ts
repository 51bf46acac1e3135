import type { Failure, FailureCode } from "../../shared/errors.ts";

/** One failure of each kind, so that the document shows statuses and bodies by the very map that answers use. */
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
  unsupported_media_type: { code: "unsupported_media_type", expected: "application/json" },
  method_not_allowed: { code: "method_not_allowed", allowed: ["POST"] },
  insufficient_scope: { code: "insufficient_scope", scope: "latents" },
  account_suspended: { code: "account_suspended" },
  rate_limit_exceeded: { code: "rate_limit_exceeded", requestsPerMinute: 600, retryAfterSeconds: 2 },
  concurrency_limit_exceeded: { code: "concurrency_limit_exceeded", requestsMax: 16 },
  key_budget_exceeded: { code: "key_budget_exceeded", budgetMicroUsd: 1_000_000 },
  insufficient_quota: { code: "insufficient_quota", requiredMicroUsd: 55, availableMicroUsd: 12 },
  idempotency_key_reused: { code: "idempotency_key_reused" },
  backend_unavailable: { code: "backend_unavailable" },
  backend_failed: { code: "backend_failed" },
  backend_overloaded: { code: "backend_overloaded", retryAfterSeconds: 3 },
  deadline_exceeded: { code: "deadline_exceeded" },
  job_cancelled: { code: "job_cancelled" },
  internal: { code: "internal" },
};
