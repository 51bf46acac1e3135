import { err, ok, type Result } from "../../shared/result.ts";

/** What a task gave, and whether it was run for this caller. */
export interface Shared<Value> {
  readonly value: Value;
  /** True when another caller's run gave it: nothing was computed for this one. */
  readonly isShared: boolean;
}

/** Who waits for a task. */
export interface Caller<News> {
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
  /** Hears how the run goes, from when the caller joins it. Must not throw. */
  readonly onNews?: (news: News) => void;
}

/** Runs a task and reports its progress. */
export type Work<Value, Reason, News> = (
  signal: AbortSignal,
  tell: (news: News) => void,
) => Promise<Result<Value, Reason>>;

/** Runs identical tasks once. */
export interface IdenticalTasks<Value, Reason, News = never> {
  /**
   * The outcome of the run under way for this key, or of a recent one that worked, or else of `run`, whose signal
   * aborts when every caller's has. A caller that leaves while others wait is answered at once.
   */
  run(key: string, caller: Caller<News>, run: Work<Value, Reason, News>): Promise<Result<Shared<Value>, Reason>>;
}

/** How many outcomes are cached, and the outcome of a caller that leaves a run to others. */
export interface IdenticalTasksOptions<Reason> {
  readonly keptMax: number;
  readonly left: Reason;
}

interface Run<Value, Reason, News> {
  readonly outcome: Promise<Result<Value, Reason>>;
  readonly stop: AbortController;
  readonly callers: Set<Caller<News>>;
}

/**
 * Tasks whose outcome their key decides. An edge that was restarted in mid-task asks again, and gets what it asked for
 * first. The last `keptMax` outcomes are kept, oldest out; a failure never is.
 */
export function createIdenticalTasks<Value, Reason, News = never>(
  options: IdenticalTasksOptions<Reason>,
): IdenticalTasks<Value, Reason, News> {
  const underWay = new Map<string, Run<Value, Reason, News>>();
  const kept = new Map<string, Result<Value, Reason>>();

  function keep(key: string, outcome: Result<Value, Reason>): void {
    if (!outcome.ok) return;
    kept.set(key, outcome);
    const [oldest] = kept.keys();
    if (kept.size > options.keptMax && oldest !== undefined) kept.delete(oldest);
  }

  function forget(key: string, run: Run<Value, Reason, News>): void {
    if (underWay.get(key) === run) underWay.delete(key);
  }

  function begin(key: string, work: Work<Value, Reason, News>): Run<Value, Reason, News> {
    const stop = new AbortController();
    const callers = new Set<Caller<News>>();
    const tell = (news: News) => {
      for (const caller of callers) caller.onNews?.(news);
    };
    const outcome = work(stop.signal, tell)
      .then((given) => {
        keep(key, given);
        return given;
      })
      .finally(() => forget(key, run));
    const run: Run<Value, Reason, News> = { outcome, stop, callers };
    underWay.set(key, run);
    return run;
  }

  /**
   * Resolves when the caller leaves while others wait. The last one to leave stops the run instead and receives its
   * outcome.
   */
  function leaving(key: string, run: Run<Value, Reason, News>, caller: Caller<News>): Promise<Result<Value, Reason>> {
    const { signal } = caller;
    return new Promise((resolve) => {
      const leave = () => {
        run.callers.delete(caller);
        if (run.callers.size > 0) return resolve(err(options.left));
        // The next caller starts a new run: one that is being stopped has no outcome for it.
        forget(key, run);
        run.stop.abort();
      };
      signal.addEventListener("abort", leave, { once: true });
      void run.outcome.catch(() => undefined).then(() => signal.removeEventListener("abort", leave));
      if (signal.aborted) leave();
    });
  }

  return {
    async run(key, { signal, onNews }, work) {
      const known = kept.get(key);
      if (known?.ok) return ok({ value: known.value, isShared: true });
      const joined = underWay.get(key);
      const run = joined ?? begin(key, work);
      // One object a call: the same caller may wait twice.
      const caller = { signal, ...(onNews && { onNews }) };
      run.callers.add(caller);
      const outcome = await Promise.race([run.outcome, leaving(key, run, caller)]);
      return outcome.ok ? ok({ value: outcome.value, isShared: joined !== undefined }) : outcome;
    },
  };
}
