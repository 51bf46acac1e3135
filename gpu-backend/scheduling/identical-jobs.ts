import { ok, type Result } from "../../shared/result.ts";

/** What a job gave, and whether it was run for this caller. */
export interface Shared<Value> {
  readonly value: Value;
  /** True when another caller's run gave it: nothing was computed for this one. */
  readonly isShared: boolean;
}

/** Runs identical jobs once. */
export interface IdenticalJobs<Value, Reason> {
  /** The outcome of the run under way for this key, or of a recent one that worked, or else of `run`. */
  run(key: string, run: () => Promise<Result<Value, Reason>>): Promise<Result<Shared<Value>, Reason>>;
}

/**
 * Jobs whose outcome their key decides. An edge that was restarted in mid-job asks again, and gets what it asked for
 * first. The last `keptMax` outcomes are kept, oldest out; a failure never is.
 */
export function createIdenticalJobs<Value, Reason>(keptMax: number): IdenticalJobs<Value, Reason> {
  const underWay = new Map<string, Promise<Result<Value, Reason>>>();
  const kept = new Map<string, Result<Value, Reason>>();

  function keep(key: string, outcome: Result<Value, Reason>): void {
    if (!outcome.ok) return;
    kept.set(key, outcome);
    const [oldest] = kept.keys();
    if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest);
  }

  function begin(key: string, run: () => Promise<Result<Value, Reason>>): Promise<Result<Value, Reason>> {
    const running = run()
      .then((outcome) => {
        keep(key, outcome);
        return outcome;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, running);
    return running;
  }

  return {
    async run(key, run) {
      const known = kept.get(key) ?? underWay.get(key);
      const outcome = await (known ?? begin(key, run));
      return outcome.ok ? ok({ value: outcome.value, isShared: known !== undefined }) : outcome;
    },
  };
}
