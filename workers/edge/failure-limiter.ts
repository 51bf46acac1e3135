/** Names that are remembered as refused; then all are forgotten. */
const namesMax = 4_096;

/**
 * Attempts of one name under way at once, in one isolate: what may fail together before the first failure is counted.
 */
const attemptsMax = 16;

/**
 * After this an attempt counts no more: the platform drops a request whose client has left, without a word to its code.
 */
const attemptMsMax = 120_000;

/** Something that may fail, and has not ended yet. */
export interface Attempt {
  /** To be called once. A failure is counted; one that its maker is not to blame for is none. */
  end(outcome: "passed" | "failed"): Promise<void>;
}

/** Limits how often a name may fail. What succeeds is never counted. */
export interface FailureLimiter {
  /**
   * Lets a name try what may fail. `failed-too-often`: not in this period; `too-many-at-once`: when one of those under
   * way has ended. Needs no call, so attempts that begin together are bounded too.
   */
  begin(name: string): Attempt | "failed-too-often" | "too-many-at-once";
  /** Counts a failure. False once there were too many of this name in the period. */
  note(name: string): Promise<boolean>;
}

/** `limiter` counts for the whole location; `periodMs` is its period, for which a refusal is remembered here. */
export function createFailureLimiter(
  limiter: Pick<RateLimit, "limit">,
  periodMs: number,
  nowMs: () => number,
): FailureLimiter {
  const refusedUntilMs = new Map<string, number>();
  /** Name → when each of its attempts counts no more. */
  const underWay = new Map<string, Set<{ readonly untilMs: number }>>();
  const isRefused = (name: string) => nowMs() < (refusedUntilMs.get(name) ?? 0);

  async function note(name: string): Promise<boolean> {
    if (isRefused(name)) return false;
    const { success } = await limiter.limit({ key: name });
    if (success) return true;
    if (refusedUntilMs.size >= namesMax) refusedUntilMs.clear();
    refusedUntilMs.set(name, nowMs() + periodMs);
    return false;
  }

  function attemptsOf(name: string): Set<{ readonly untilMs: number }> {
    const attempts = underWay.get(name) ?? new Set();
    for (const attempt of attempts) if (nowMs() >= attempt.untilMs) attempts.delete(attempt);
    underWay.set(name, attempts);
    return attempts;
  }

  return {
    note,
    begin(name) {
      if (isRefused(name)) return "failed-too-often";
      const attempts = attemptsOf(name);
      if (attempts.size >= attemptsMax) return "too-many-at-once";
      const attempt = { untilMs: nowMs() + attemptMsMax };
      attempts.add(attempt);
      return {
        async end(outcome) {
          try {
            if (outcome === "failed") await note(name);
          } finally {
            attempts.delete(attempt);
            if (attempts.size === 0 && underWay.get(name) === attempts) underWay.delete(name);
          }
        },
      };
    },
  };
}
