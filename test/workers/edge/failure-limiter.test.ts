import { expect, test } from "vitest";
import { createFailureLimiter } from "../../../workers/edge/failure-limiter.ts";

/** Lets `limit` failures of a name pass. */
function limiterOf(limit: number) {
  const clock = { nowMs: 0 };
  const counts = new Map<string, number>();
  const platform = {
    async limit({ key }: { readonly key: string }) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return { success: (counts.get(key) ?? 0) <= limit };
    },
  };
  return { clock, limiter: createFailureLimiter(platform, 60_000, () => clock.nowMs) };
}

/** How many attempts of a name begin, none of which ends. */
function begun(limiter: ReturnType<typeof limiterOf>["limiter"], name: string) {
  const attempts = [];
  for (let attempt = limiter.begin(name); typeof attempt !== "string"; attempt = limiter.begin(name)) {
    attempts.push(attempt);
  }
  return attempts;
}

test("sixteen attempts of a name are under way at once, whatever becomes of them, and each frees its place", async () => {
  const { limiter } = limiterOf(1_000);
  const attempts = begun(limiter, "a");
  expect(attempts).toHaveLength(16);
  expect(limiter.begin("a")).toBe("too-many-at-once");
  expect(typeof limiter.begin("b")).toBe("object");
  await attempts[0]?.end("passed");
  await attempts[1]?.end("failed");
  expect(begun(limiter, "a")).toHaveLength(2);
});

test("what passes is never counted; what fails too often is refused for the period", async () => {
  const { clock, limiter } = limiterOf(2);
  const end = async (outcome: "passed" | "failed") => {
    const attempt = limiter.begin("a");
    if (typeof attempt === "string") return attempt;
    await attempt.end(outcome);
    return outcome;
  };
  for (let i = 0; i < 50; i += 1) expect(await end("passed")).toBe("passed");
  for (let i = 0; i < 3; i += 1) expect(await end("failed")).toBe("failed");
  expect(await end("passed")).toBe("failed-too-often");
  clock.nowMs = 60_000;
  expect(await end("passed")).toBe("passed");
});

test("an attempt whose request was dropped without a word frees its place after two minutes", () => {
  const { clock, limiter } = limiterOf(1_000);
  expect(begun(limiter, "a")).toHaveLength(16);
  clock.nowMs = 119_999;
  expect(limiter.begin("a")).toBe("too-many-at-once");
  clock.nowMs = 120_000;
  expect(begun(limiter, "a")).toHaveLength(16);
});
