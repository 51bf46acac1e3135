import { describe, expect, test } from "vitest";
import type { Failure } from "../../../shared/errors.ts";
import { err } from "../../../shared/result.ts";
import { judge } from "../../../workers/jobs/item-result.ts";

const first = { attempts: 0, misses: 0, isCancelled: false };
const failed = (failure: Failure, attempt: object = {}) => judge(err(failure), { ...first, ...attempt });

describe("a request that failed", () => {
  test("because the backend or the moderator is away is tried again however often, each time later, up to a minute", () => {
    for (const code of ["backend_unavailable", "moderation_unavailable"] as const) {
      const pauses = [0, 1, 2, 3, 20].map((misses) => failed({ code }, { misses, attempts: 9 }));
      const expected = [1_000, 2_000, 4_000, 8_000, 60_000];
      expect(pauses).toEqual(expected.map((pauseMs) => ({ kind: "paused", pauseMs, isCounted: false })));
    }
  });

  test("because the backend is busy is tried again when the backend says, and after a minute at most", () => {
    expect(failed({ code: "backend_overloaded", retryAfterSeconds: 3 })).toMatchObject({ pauseMs: 3_000 });
    expect(failed({ code: "backend_overloaded", retryAfterSeconds: 900 })).toMatchObject({ pauseMs: 60_000 });
  });

  test.each(["backend_failed", "deadline_exceeded", "job_cancelled", "internal"] as const)(
    "by a fault of ours (%s) is tried three times",
    (code) => {
      expect([0, 1].map((attempts) => failed({ code }, { attempts }))).toMatchObject([
        { kind: "paused", isCounted: true },
        { kind: "paused", isCounted: true },
      ]);
      expect(failed({ code }, { attempts: 2 })).toMatchObject({ kind: "ended", outcome: { error: { code } } });
    },
  );

  test("because it may not be done is not tried again", () => {
    const failures: readonly Failure[] = [
      { code: "content_policy_violation" },
      { code: "invalid_api_key" },
      { code: "account_suspended" },
      { code: "key_budget_exceeded", budgetMicroUsd: 1 },
      { code: "insufficient_quota", requiredMicroUsd: 2, availableMicroUsd: 1 },
    ];
    for (const failure of failures) {
      expect(failed(failure)).toMatchObject({
        kind: "ended",
        outcome: { state: "failed", error: { code: failure.code } },
      });
    }
  });

  test("while its job is being cancelled is cancelled", () => {
    const outcome = { state: "cancelled" };
    expect(failed({ code: "job_cancelled" }, { isCancelled: true })).toEqual({ kind: "ended", outcome });
  });
});
