/** Names that are remembered as refused; then all are forgotten. */
const namesMax = 4_096;

/** Limits how often a name may fail. What succeeds is never counted. */
export interface FailureLimiter {
  /** Whether this name failed too often lately, as far as this isolate knows. Asks nobody. */
  isRefused(name: string): boolean;
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
  const isRefused = (name: string) => nowMs() < (refusedUntilMs.get(name) ?? 0);
  return {
    isRefused,
    async note(name) {
      if (isRefused(name)) return false;
      const { success } = await limiter.limit({ key: name });
      if (success) return true;
      if (refusedUntilMs.size >= namesMax) refusedUntilMs.clear();
      refusedUntilMs.set(name, nowMs() + periodMs);
      return false;
    },
  };
}
