import { invalidRequest } from "../../shared/errors.ts";
import { err, type Result } from "../../shared/result.ts";
import type { Unscheduled } from "./scheduler.ts";

type Ending<Value> = Result<Value, Unscheduled>;

/** Callers that can take their wish back by the id that they gave it. */
export interface NamedJobs {
  /**
   * Runs a job whose signal aborts when the client has gone or `cancel` is called with its id. Fails with
   * `invalid_request` when the id belongs to a job that is not done yet.
   */
  run<Value>(
    jobId: string | undefined,
    client: AbortSignal,
    run: (signal: AbortSignal) => Promise<Ending<Value>>,
  ): Promise<Ending<Value>>;
  /** Stops a job, and tells how it ended once it has. Undefined when no such job waits or runs. */
  cancel(jobId: string): Promise<Ending<unknown>> | undefined;
}

interface NamedJob {
  readonly stop: AbortController;
  readonly ended: Promise<Ending<unknown>>;
}

/** No jobs yet. */
export function createNamedJobs(): NamedJobs {
  const jobs = new Map<string, NamedJob>();

  return {
    async run(jobId, client, run) {
      if (jobId === undefined) return run(client);
      if (jobs.has(jobId)) {
        return err({ failure: invalidRequest("jobId", "'jobId' is taken. Use each once."), queueMs: 0, gpuMs: 0 });
      }
      const stop = new AbortController();
      const ended = run(AbortSignal.any([client, stop.signal]));
      jobs.set(jobId, { stop, ended });
      try {
        return await ended;
      } finally {
        jobs.delete(jobId);
      }
    },
    cancel(jobId) {
      const job = jobs.get(jobId);
      job?.stop.abort();
      return job?.ended;
    },
  };
}
