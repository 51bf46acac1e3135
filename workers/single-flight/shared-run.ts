import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** A caller that waits for a run. */
export interface Waiter {
  /** New for each wait, so that one of two callers with the same reservation can leave. */
  readonly waiterId: string;
  /** The reservation of the caller's request. */
  readonly reservationId: string;
}

/** What callers receive of a run. */
export interface RunOutcome {
  /** The reservation that pays for it; undefined if nothing had to run. */
  readonly reservationId: string | undefined;
}

/** Receives a run's reports. It may be on another machine, so no run waits for the outcome of a call. */
export type OnNews<News> = (news: News) => unknown;

/** A run in progress, as its work sees it. */
export interface Run<Request, News = never> {
  /** Aborts when all callers have left. */
  readonly signal: AbortSignal;
  /** The caller that pays: the first one, and if it leaves, the next one that still waits. */
  payer: Request;
  /** Whether any waiting caller wants reports. */
  isHeard(): boolean;
  /** Reports to all callers that wait at this moment. */
  tell(news: News): void;
}

/**
 * What `lookup` gives; `job_cancelled` as soon as all callers have left. Whoever comes next then waits for no store
 * that does not answer.
 */
export async function whileWanted<Value>(
  { signal }: { readonly signal: AbortSignal },
  lookup: Promise<Value>,
): Promise<Result<Value, Failure>> {
  const left = new Promise<Result<Value, Failure>>((resolve) => {
    const leave = () => resolve(err({ code: "job_cancelled", doneShare: 0 }));
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
  return Promise.race([lookup.then(ok), left]);
}

/** What a run is made of. */
export interface RunParts<Request, Value, News = never> {
  begin(request: Request, run: Run<Request, News>): Promise<Result<Value, Failure>>;
  /** Runs when the payer has left, with the request that pays from now on. */
  payerChanged?(request: Request): void;
}

/** One call that waits. A call may come twice, so two of these may be of one waiter. */
interface Waiting<Request, News> {
  readonly request: Request;
  readonly onNews: OnNews<News> | undefined;
  readonly dismiss: () => void;
}

/**
 * One piece of work for any number of callers. Always true: at most one run is in progress, a caller that leaves
 * changes nothing for the others, and a run without callers is stopped.
 */
export class SharedRun<Request extends Waiter, Value, News = never> {
  readonly #parts: RunParts<Request, Value, News>;
  readonly #waiting = new Set<Waiting<Request, News>>();
  /** Those who came while a run was being stopped, and wait for the next one. */
  readonly #next = new Set<Waiting<Request, News>>();
  #run: (Run<Request, News> & { readonly stop: AbortController; outcome: Promise<Result<Value, Failure>> }) | undefined;

  constructor(parts: RunParts<Request, Value, News>) {
    this.#parts = parts;
  }

  isUnderWay(): boolean {
    return this.#run !== undefined;
  }

  /** The outcome of the run in progress, or of a new one; `job_cancelled` for a caller that leaves. */
  async join(request: Request, onNews?: OnNews<News>): Promise<Result<Value, Failure>> {
    let hasLeft = false;
    let dismiss = () => {};
    const left = new Promise<Result<never, Failure>>((resolve) => {
      dismiss = () => {
        hasLeft = true;
        resolve(err({ code: "job_cancelled" }));
      };
    });
    const waiting = { request, onNews, dismiss };
    // A run that is being stopped has no outcome for a new caller.
    while (this.#run?.signal.aborted === true) {
      this.#next.add(waiting);
      await Promise.race([this.#run.outcome.catch(() => undefined), left]);
      this.#next.delete(waiting);
      if (hasLeft) return left;
    }
    const run = this.#run ?? this.#begin(request);
    this.#waiting.add(waiting);
    try {
      return await Promise.race([run.outcome, left]);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** The last caller to leave stops the run and receives its outcome; the others are answered at once. */
  leave(waiterId: string): void {
    const isOfLeaver = ({ request }: Waiting<Request, News>) => request.waiterId === waiterId;
    for (const waiting of [...this.#next].filter(isOfLeaver)) waiting.dismiss();
    const leaving = [...this.#waiting].filter(isOfLeaver);
    const [leaver] = leaving;
    const run = this.#run;
    if (leaver === undefined || run === undefined) return;
    for (const waiting of leaving) this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) {
      for (const waiting of leaving) waiting.dismiss();
      this.#passPayer(run, leaver.request.reservationId);
      return;
    }
    // Also if the run started for a caller that ended without leaving.
    run.payer = leaver.request;
    run.stop.abort();
  }

  /** A repeat of the leaver's own request may still wait; then its reservation still pays. */
  #passPayer(run: Run<Request, News>, reservationId: string): void {
    const [next] = this.#waiting;
    const stillWaits = [...this.#waiting].some(({ request }) => request.reservationId === reservationId);
    if (next === undefined || run.payer.reservationId !== reservationId || stillWaits) return;
    run.payer = next.request;
    this.#parts.payerChanged?.(next.request);
  }

  #begin(request: Request) {
    const stop = new AbortController();
    const run = {
      stop,
      signal: stop.signal,
      payer: request,
      isHeard: () => [...this.#waiting].some(({ onNews }) => onNews !== undefined),
      tell: (news: News) => this.#tell(news),
    };
    const outcome = this.#parts.begin(request, run).finally(() => {
      this.#run = undefined;
    });
    this.#run = Object.assign(run, { outcome });
    return this.#run;
  }

  /** A caller that can no longer be reached receives no report; that is not an error. */
  #tell(news: News): void {
    for (const { onNews } of this.#waiting) {
      if (onNews !== undefined) void new Promise((resolve) => resolve(onNews(news))).catch(() => {});
    }
  }
}
