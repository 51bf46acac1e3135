import { err, type Result } from "../../shared/result.ts";

/** One way to get a value. Its signal aborts when the value is no longer wanted from it. */
export type Attempt<Value, Reason> = (signal: AbortSignal) => Promise<Result<Value, Reason>>;

/** How attempts follow one another. */
export interface Race<Value, Reason> {
  /** In the order in which they are begun; at least one. */
  readonly attempts: readonly Attempt<Value, Reason>[];
  /** Whether another attempt may do better, by all failures so far. Asked before every attempt but the first. */
  readonly isWorthAnother: (reasons: readonly Reason[]) => boolean;
  /** Aborts when waiting has become so long that one more attempt is begun beside the first. */
  readonly hedge: AbortSignal | undefined;
}

/**
 * The value of the attempt that succeeds first. The next one begins when one fails, or once when `hedge` aborts. All
 * others are aborted then. Fails with every reason, in the order of their coming. Attempts must not reject.
 */
export function firstToAnswer<Value, Reason>(race: Race<Value, Reason>): Promise<Result<Value, readonly Reason[]>> {
  const { attempts, isWorthAnother, hedge } = race;
  const underWay = new Set<AbortController>();
  const reasons: Reason[] = [];
  let begun = 0;

  return new Promise((resolve) => {
    const settle = (outcome: Result<Value, readonly Reason[]>) => {
      hedge?.removeEventListener("abort", beginAnother);
      for (const loser of underWay) loser.abort();
      resolve(outcome);
    };

    async function run(attempt: Attempt<Value, Reason>): Promise<void> {
      const stop = new AbortController();
      underWay.add(stop);
      const outcome = await attempt(stop.signal);
      // The winner is not aborted: its answer may still be read.
      underWay.delete(stop);
      if (stop.signal.aborted) return;
      if (outcome.ok) return settle(outcome);
      reasons.push(outcome.error);
      beginAnother();
      if (underWay.size === 0) settle(err(reasons));
    }

    function begin(): void {
      const attempt = attempts[begun];
      begun += 1;
      if (attempt !== undefined) void run(attempt);
    }

    function beginAnother(): void {
      if (isWorthAnother(reasons)) begin();
    }

    begin();
    hedge?.addEventListener("abort", beginAnother, { once: true });
  });
}
