import { describe, expect, test } from "vitest";
import { AppError, type Failure, failureToHttp, invalidRequest } from "../../shared/errors.ts";

const everyFailure: { readonly [Code in Failure["code"]]: Extract<Failure, { code: Code }> } = {
  invalid_request: { code: "invalid_request", param: "n", message: "'n' must be at most 10." },
  missing_api_key: { code: "missing_api_key" },
  invalid_api_key: { code: "invalid_api_key" },
  model_not_found: { code: "model_not_found", model: "x", available: ["emoji-128"] },
  not_found: { code: "not_found", what: "image" },
  invalid_signature: { code: "invalid_signature" },
  link_expired: { code: "link_expired" },
  payload_too_large: { code: "payload_too_large", limitBytes: 1024 },
  unsupported_media_type: { code: "unsupported_media_type", expected: "application/json" },
  method_not_allowed: { code: "method_not_allowed", allowed: ["GET", "HEAD"] },
  insufficient_quota: { code: "insufficient_quota", requiredMicroUsd: 234, availableMicroUsd: 1_000_000 },
  idempotency_key_reused: { code: "idempotency_key_reused" },
  content_policy_violation: { code: "content_policy_violation" },
  moderation_unavailable: { code: "moderation_unavailable" },
  payment_required: { code: "payment_required", reason: "This request needs a payment." },
  payment_unavailable: { code: "payment_unavailable" },
  insufficient_scope: { code: "insufficient_scope", scope: "latents" },
  account_suspended: { code: "account_suspended" },
  rate_limit_exceeded: { code: "rate_limit_exceeded", requestsPerMinute: 60, retryAfterSeconds: 1 },
  concurrency_limit_exceeded: { code: "concurrency_limit_exceeded", requestsMax: 4 },
  key_budget_exceeded: { code: "key_budget_exceeded", budgetMicroUsd: 1_000 },
  job_id_reused: { code: "job_id_reused", jobId: "batch-1" },
  job_not_ended: { code: "job_not_ended" },
  too_many_jobs: { code: "too_many_jobs", jobsMax: 1_000 },
  backend_unavailable: { code: "backend_unavailable" },
  backend_failed: { code: "backend_failed" },
  backend_overloaded: { code: "backend_overloaded", retryAfterSeconds: 2.2 },
  deadline_exceeded: { code: "deadline_exceeded" },
  job_cancelled: { code: "job_cancelled" },
  internal: { code: "internal" },
};

describe.each(Object.values(everyFailure))("$code", (failure) => {
  test("has OpenAI's envelope with all four keys", () => {
    const { body } = failureToHttp(failure);
    expect(Object.keys(body)).toEqual(["error"]);
    expect(Object.keys(body.error).sort()).toEqual(["code", "message", "param", "type"]);
    expect(body.error.code).toBe(failure.code);
    expect(body.error.message).toMatch(/^\S.*\.$/u);
  });

  test("is never a 503, which some clients repeat without end", () => {
    expect(failureToHttp(failure).status).not.toBe(503);
  });

  test("blames the server exactly when its status is 5xx", () => {
    const { status, body } = failureToHttp(failure);
    expect(body.error.type === "server_error").toBe(status >= 500);
  });
});

describe("failureToHttp", () => {
  test("statuses are the ones that clients act on", () => {
    const statuses = Object.values(everyFailure).map((failure) => [failure.code, failureToHttp(failure).status]);
    expect(Object.fromEntries(statuses)).toEqual({
      invalid_request: 400,
      missing_api_key: 401,
      invalid_api_key: 401,
      model_not_found: 404,
      not_found: 404,
      invalid_signature: 403,
      link_expired: 410,
      payload_too_large: 413,
      unsupported_media_type: 415,
      method_not_allowed: 405,
      insufficient_quota: 402,
      idempotency_key_reused: 422,
      content_policy_violation: 400,
      moderation_unavailable: 502,
      payment_required: 402,
      payment_unavailable: 502,
      insufficient_scope: 403,
      account_suspended: 403,
      rate_limit_exceeded: 429,
      concurrency_limit_exceeded: 429,
      key_budget_exceeded: 402,
      backend_unavailable: 502,
      backend_failed: 502,
      job_id_reused: 422,
      job_not_ended: 409,
      too_many_jobs: 429,
      backend_overloaded: 429,
      deadline_exceeded: 504,
      job_cancelled: 409,
      internal: 500,
    });
  });

  test("allowed values stand in the message", () => {
    const { body } = failureToHttp(invalidRequest("size", "'size' is not valid.", ["128x128", "auto"]));
    expect(body.error.message).toBe("'size' is not valid. Accepted: 128x128, auto.");
    expect(body.error.param).toBe("size");
  });

  test("an overload says in whole seconds when to come back", () => {
    expect(failureToHttp(everyFailure.backend_overloaded).headers).toEqual({ "retry-after": "3" });
    expect(failureToHttp({ code: "backend_overloaded", retryAfterSeconds: 0 }).headers["retry-after"]).toBe("1");
  });

  test("an account without credit is told to the micro-dollar what is needed and what is there", () => {
    const { body } = failureToHttp(everyFailure.insufficient_quota);
    expect(body.error.type).toBe("insufficient_quota");
    expect(body.error.message).toContain("0.000234 USD");
    expect(body.error.message).toContain("1.000000 USD");
  });

  test("a refused key names the scheme, a refused method the methods", () => {
    expect(failureToHttp(everyFailure.missing_api_key).headers["www-authenticate"]).toBe("Bearer");
    expect(failureToHttp(everyFailure.method_not_allowed).headers["allow"]).toBe("GET, HEAD");
  });

  test("a model name from outside is cut short", () => {
    const { body } = failureToHttp({ code: "model_not_found", model: "x".repeat(1000) });
    expect(body.error.message.length).toBeLessThan(120);
    expect(body.error.param).toBe("model");
  });
});

test("a thrown bug carries a code and its cause, and is internal unless told otherwise", () => {
  const cause = new RangeError("inner");
  expect(new AppError("outer", { cause })).toMatchObject({ name: "AppError", code: "internal", cause });
  expect(new AppError("outer", { code: "backend_failed" }).code).toBe("backend_failed");
});
