import { createHash } from "node:crypto";
import { ok, type Result } from "../../shared/result.ts";
import type { Caller, IdenticalJobs, Shared, Work } from "../scheduling/identical-jobs.ts";
import type { Scheduled, Unscheduled } from "../scheduling/scheduler.ts";
import type { Services } from "./services.ts";
import { type JobTrace, type TracedJob, tracedEnd } from "./tracing.ts";

/** A job that may be asked for by several callers at once. */
export interface OneJob<Outcome, News> {
  /** For the metrics. */
  readonly kind: string;
  /** The caller's own name for it, if it has one. */
  readonly jobId: string | undefined;
  /** All that decides the outcome, and the terms on which it is done: see `keyOf`. */
  readonly key: string;
  readonly jobs: IdenticalJobs<Scheduled<Outcome>, Unscheduled, News>;
  readonly trace: JobTrace;
  readonly run: Work<Scheduled<Outcome>, Unscheduled, News>;
}

/** Runs a job, or joins the run of one with its key. Ends its trace and counts it: each caller, and the device's time once. */
export async function runOnce<Outcome, News>(
  { namedJobs, metrics }: Pick<Services, "namedJobs" | "metrics">,
  { kind, jobId, key, jobs, trace, run }: OneJob<Outcome, News>,
  { signal: client, ...hearing }: Caller<News>,
): Promise<Result<Shared<Scheduled<Outcome>>, Unscheduled>> {
  const ran = await namedJobs.run(jobId, client, (signal) => jobs.run(key, { signal, ...hearing }, run));
  const parts = ran.ok ? ok(partsOf(ran.value)) : ran;
  trace.end(tracedEnd(parts));
  metrics.jobEnded(kind, parts);
  if (ran.ok && ran.value.isShared) metrics.jobShared();
  return ran;
}

/** Outcomes are found by it: a job may carry a latent or a picture of hundreds of kilobytes. */
export function keyOf(job: object, ...files: readonly Uint8Array[]): string {
  const hash = createHash("sha256").update(JSON.stringify(job));
  for (const file of files) hash.update("\n").update(file);
  return hash.digest("hex");
}

/** Whoever shares another's run waited for it, and used nothing. */
function partsOf({ value, isShared }: Shared<Scheduled<unknown>>): TracedJob {
  return isShared ? { queueMs: 0, gpuMs: 0, timeline: [] } : value;
}
