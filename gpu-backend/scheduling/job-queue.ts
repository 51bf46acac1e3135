import { err, ok, type Result } from "../../shared/result.ts";

/** Runs one job at a time, first come, first served. */
export interface JobQueue {
  /** Jobs that wait, and the one that runs. */
  depth(): number;
  /** Waits for its turn, runs `work`, and passes on what it returns or throws. Fails at once when the queue is full. */
  run<Value>(work: () => Promise<Value>): Promise<Result<Value, "full">>;
}

/** A queue in which at most `waitingMax` jobs wait. The place of a job is given on whether it returns or throws. */
export function createJobQueue(waitingMax: number): JobQueue {
  const waiting: (() => void)[] = [];
  let isBusy = false;

  /** The next in line takes the place over, so nobody who comes meanwhile can. */
  function release(): void {
    const next = waiting.shift();
    if (next === undefined) isBusy = false;
    else next();
  }

  return {
    depth: () => waiting.length + (isBusy ? 1 : 0),
    async run(work) {
      if (isBusy) {
        if (waiting.length >= waitingMax) return err("full");
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      isBusy = true;
      try {
        return ok(await work());
      } finally {
        release();
      }
    },
  };
}
