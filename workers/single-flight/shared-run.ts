import type { Failure } from "../../shared/errors.ts";
import { err, type Result } from "../../shared/result.ts";

/** Someone who waits for a run. */
export interface Waiter {
  /** New with every wait, so that one of two who wait with one reservation can leave. */
  readonly waiterId: string;
  /** The reservation of the request that asks. */
  readonly reservationId: string;
}

/** What callers receive of a run. */
export interface RunOutcome {
  /** The reservation that pays for it; undefined if nothing had to run. */
  readonly reservationId: string | undefined;
}

/** Hears how a run goes. It may be on another machine: what becomes of a call, nobody waits for. */
export type OnNews<News> = (news: News) => unknown;

/** A run under way, as the work that is done for it sees it. */
export interface Run<Request, News = never> {
  /** Aborts when everybody has left. */
  readonly signal: AbortSignal;
  /** Who pays for it: the first who asked, and when they leave the next who still waits. */
  payer: Request;
  /** Whether anybody who waits wants to hear how it goes. */
  isHeard(): boolean;
  /** Tells all who wait by then. */
  tell(news: News): void;
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
 * One piece of work for however many want its outcome. Always true: at most one run is under way, a waiter that leaves
 * changes nothing for the others, and a run that nobody waits for is stopped.
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

  /** The outcome of the run under way, or of a new one; `job_cancelled` for who leaves. */
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
    // A run that is being stopped has nothing for those who come now.
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

  /** The last to leave stops the run, and still hears how it ended; the others hear that they have left. */
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
    // Also where the run was begun for somebody who is gone without having left.
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

  /** Who cannot be reached any more hears nothing, and that is all. */
  #tell(news: News): void {
    for (const { onNews } of this.#waiting) {
      if (onNews !== undefined) void new Promise((resolve) => resolve(onNews(news))).catch(() => {});
    }
  }
}
