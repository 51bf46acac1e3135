interface Timer {
  readonly atMs: number;
  readonly ring: () => void;
}

/** Time that passes when a test says so. */
export class VirtualClock {
  nowMs: number;
  #timers: readonly Timer[] = [];

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** A signal that aborts after so many milliseconds. */
  timeout(milliseconds: number): AbortSignal {
    const controller = new AbortController();
    this.at(this.nowMs + milliseconds, () => controller.abort());
    return controller.signal;
  }

  /** Rings once, at this time or, if that is over, with the next moment that passes. */
  at(atMs: number, ring: () => void): void {
    this.#timers = [...this.#timers, { atMs, ring }];
  }

  /** Lets so much time pass. All that is due rings in the order of its time, and comes to rest before the next. */
  async pass(milliseconds: number, settle: () => Promise<unknown>): Promise<void> {
    const endMs = this.nowMs + milliseconds;
    for (let next = this.#next(); next !== undefined && next.atMs <= endMs; next = this.#next()) {
      const due = next;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.ring();
      await settle();
    }
    this.nowMs = endMs;
  }

  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.atMs < first.atMs ? timer : first),
      undefined,
    );
  }
}
