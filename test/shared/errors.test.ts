import { describe, expect, test } from "vitest";
import { AppError, invalidRequest } from "../../shared/errors.ts";
import { failureExamples } from "../../shared/failure-examples.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";

describe.each(Object.values(failureExamples))("$code", (failure) => {
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
    const statuses = Object.values(failureExamples).map((failure) => [failure.code, failureToHttp(failure).status]);
    expect(Object.fromEntries(statuses)).toEqual({
      invalid_request: 400,
      missing_api_key: 401,
      invalid_api_key: 401,
      model_not_found: 404,
      thresholds_missed: 422,
      not_found: 404,
      invalid_signature: 403,
      link_expired: 410,
      idempotent_result_gone: 410,
      payload_too_large: 413,
      request_timeout: 408,
      server_busy: 429,
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
      model_not_allowed: 403,
      rate_limit_exceeded: 429,
      concurrency_limit_exceeded: 429,
      key_budget_exceeded: 402,
      backend_unavailable: 502,
      model_unavailable: 502,
      backend_failed: 502,
      checkout_unavailable: 502,
      job_id_reused: 422,
      job_not_ended: 409,
      job_without_webhook: 409,
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
    expect(failureToHttp(failureExamples.backend_overloaded).headers).toEqual({ "retry-after": "3" });
    expect(failureToHttp({ code: "backend_overloaded", retryAfterSeconds: 0 }).headers["retry-after"]).toBe("1");
  });

  test("an account without credit is told to the micro-dollar what is needed and what is there", () => {
    const { body } = failureToHttp({
      code: "insufficient_quota",
      requiredMicroUsd: 234,
      availableMicroUsd: 1_000_000,
    });
    expect(body.error.type).toBe("insufficient_quota");
    expect(body.error.message).toContain("0.000234 USD");
    expect(body.error.message).toContain("1.000000 USD");
  });

  test("a refused key names the scheme, a refused method the methods", () => {
    expect(failureToHttp(failureExamples.missing_api_key).headers["www-authenticate"]).toBe("Bearer");
    expect(failureToHttp({ code: "method_not_allowed", allowed: ["GET", "HEAD"] }).headers["allow"]).toBe("GET, HEAD");
  });

  test("a model name from outside is cut short", () => {
    const { body } = failureToHttp({ code: "model_not_found", model: "x".repeat(1000) });
    expect(body.error.message.length).toBeLessThan(200);
    expect(body.error.param).toBe("model");
  });
});

test("a thrown bug carries a code and its cause, and is internal unless told otherwise", () => {
  const cause = new RangeError("inner");
  expect(new AppError("outer", { cause })).toMatchObject({ name: "AppError", code: "internal", cause });
  expect(new AppError("outer", { code: "backend_failed" }).code).toBe("backend_failed");
});
