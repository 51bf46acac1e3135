import { err, ok, type Result } from "../../shared/result.ts";

/** What a job gave, and whether it was run for this caller. */
export interface Shared<Value> {
  readonly value: Value;
  /** True when another caller's run gave it: nothing was computed for this one. */
  readonly isShared: boolean;
}

/** Runs identical jobs once. */
export interface IdenticalJobs<Value, Reason> {
  /**
   * The outcome of the run under way for this key, or of a recent one that worked, or else of `run`, whose signal
   * aborts when every caller's has. A caller that leaves while others wait hears so at once.
   */
  run(
    key: string,
    caller: AbortSignal,
    run: (signal: AbortSignal) => Promise<Result<Value, Reason>>,
  ): Promise<Result<Shared<Value>, Reason>>;
}

/** How many outcomes are kept, and what a caller hears that leaves a run to others. */
export interface IdenticalJobsOptions<Reason> {
  readonly keptMax: number;
  readonly left: Reason;
}

interface Run<Value, Reason> {
  readonly outcome: Promise<Result<Value, Reason>>;
  readonly stop: AbortController;
  callers: number;
}

/**
 * Jobs whose outcome their key decides. An edge that was restarted in mid-job asks again, and gets what it asked for
 * first. The last `keptMax` outcomes are kept, oldest out; a failure never is.
 */
export function createIdenticalJobs<Value, Reason>(
  options: IdenticalJobsOptions<Reason>,
): IdenticalJobs<Value, Reason> {
  const underWay = new Map<string, Run<Value, Reason>>();
  const kept = new Map<string, Result<Value, Reason>>();

  function keep(key: string, outcome: Result<Value, Reason>): void {
    if (!outcome.ok) return;
    kept.set(key, outcome);
    const [oldest] = kept.keys();
    if (kept.size > options.keptMax && oldest !== undefined) kept.delete(oldest);
  }

  function forget(key: string, run: Run<Value, Reason>): void {
    if (underWay.get(key) === run) underWay.delete(key);
  }

  function begin(key: string, work: (signal: AbortSignal) => Promise<Result<Value, Reason>>): Run<Value, Reason> {
    const stop = new AbortController();
    const outcome = work(stop.signal)
      .then((given) => {
        keep(key, given);
        return given;
      })
      .finally(() => forget(key, run));
    const run: Run<Value, Reason> = { outcome, stop, callers: 0 };
    underWay.set(key, run);
    return run;
  }

  /** Resolves when the caller leaves others behind; the last one to leave stops the run instead, and hears its end. */
  function leaving(key: string, run: Run<Value, Reason>, caller: AbortSignal): Promise<Result<Value, Reason>> {
    return new Promise((resolve) => {
      const leave = () => {
        run.callers -= 1;
        if (run.callers > 0) return resolve(err(options.left));
        // Whoever comes now begins anew: a run that is being stopped has nothing for them.
        forget(key, run);
        run.stop.abort();
      };
      caller.addEventListener("abort", leave, { once: true });
      void run.outcome.catch(() => undefined).then(() => caller.removeEventListener("abort", leave));
      if (caller.aborted) leave();
    });
  }

  return {
    async run(key, caller, work) {
      const known = kept.get(key);
      if (known?.ok) return ok({ value: known.value, isShared: true });
      const joined = underWay.get(key);
      const run = joined ?? begin(key, work);
      run.callers += 1;
      const outcome = await Promise.race([run.outcome, leaving(key, run, caller)]);
      return outcome.ok ? ok({ value: outcome.value, isShared: joined !== undefined }) : outcome;
    },
  };
}
