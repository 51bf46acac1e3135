import { invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Unscheduled } from "./scheduler.ts";

/** How a named task ends. */
export type Ending<Value> = Result<Value, Unscheduled>;

/** Callers that can take their wish back by the id that they gave it. */
export interface NamedTasks {
  /**
   * Runs a task whose signal aborts when the client has gone or `cancel` is called with its id. Fails with
   * `invalid_request` when the id belongs to a task that is not done yet.
   */
  run<Value>(
    jobId: string | undefined,
    client: AbortSignal,
    run: (signal: AbortSignal) => Promise<Ending<Value>>,
  ): Promise<Ending<Value>>;
  /**
   * Stops a task, and returns how it ended once it has; so too for one that ended lately. Undefined for any other id.
   */
  cancel(jobId: string): Promise<Ending<unknown>> | undefined;
}

interface NamedTask {
  readonly stop: AbortController;
  readonly ended: Promise<Ending<unknown>>;
}

/** Ends that are remembered: those of more tasks than answers can be on their way at once. */
const endsMax = 1_024;

/** No tasks yet. */
export function createNamedTasks(): NamedTasks {
  const tasks = new Map<string, NamedTask>();
  const ends = new Map<string, Ending<undefined>>();

  /**
   * Remembers tasks that ended, so that a late cancellation is answered that the task was done, not that none exists.
   */
  function remember(jobId: string, end: Ending<unknown>): void {
    ends.set(jobId, end.ok ? ok(undefined) : end);
    const [oldest] = ends.keys();
    if (ends.size > endsMax && oldest !== undefined) ends.delete(oldest);
  }

  return {
    async run(jobId, client, run) {
      if (jobId === undefined) return run(client);
      if (tasks.has(jobId)) {
        return err({
          failure: invalidRequest("jobId", "'jobId' is taken. Use each once."),
          queueMs: 0,
          gpuMs: 0,
          doneShare: 0,
        });
      }
      const stop = new AbortController();
      const ended = run(AbortSignal.any([client, stop.signal]));
      tasks.set(jobId, { stop, ended });
      try {
        const end = await ended;
        remember(jobId, end);
        return end;
      } finally {
        tasks.delete(jobId);
      }
    },
    cancel(jobId) {
      const task = tasks.get(jobId);
      task?.stop.abort();
      const end = ends.get(jobId);
      return task?.ended ?? (end && Promise.resolve(end));
    },
  };
}
