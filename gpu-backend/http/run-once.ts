import { createHash } from "node:crypto";
import { ok, type Result } from "../../shared/result.ts";
import type { Caller, IdenticalTasks, Shared, Work } from "../scheduling/identical-tasks.ts";
import type { Scheduled, Unscheduled } from "../scheduling/scheduler.ts";
import type { Services } from "./services.ts";
import { type TaskTrace, type TracedTask, tracedEnd } from "./tracing.ts";

/** A task that several callers may request at once. */
export interface OneTask<Outcome, News> {
  /** For the metrics. */
  readonly kind: string;
  /** The caller's own name for it, if it has one. */
  readonly jobId: string | undefined;
  /** All that decides the outcome, and the terms on which it is done: see `keyOf`. */
  readonly key: string;
  readonly tasks: IdenticalTasks<Scheduled<Outcome>, Unscheduled, News>;
  readonly trace: TaskTrace;
  readonly run: Work<Scheduled<Outcome>, Unscheduled, News>;
}

/**
 * Runs a task, or joins the run of one with its key. Ends its trace and counts it: each caller, and the device's time
 * once.
 */
export async function runOnce<Outcome, News>(
  { namedTasks, metrics }: Pick<Services, "namedTasks" | "metrics">,
  { kind, jobId, key, tasks, trace, run }: OneTask<Outcome, News>,
  { signal: client, ...hearing }: Caller<News>,
): Promise<Result<Shared<Scheduled<Outcome>>, Unscheduled>> {
  const ran = await namedTasks.run(jobId, client, (signal) => tasks.run(key, { signal, ...hearing }, run));
  const parts = ran.ok ? ok(partsOf(ran.value)) : ran;
  trace.end(tracedEnd(parts));
  metrics.taskEnded(kind, parts);
  if (ran.ok && ran.value.isShared) metrics.taskShared();
  return ran;
}

/** Outcomes are found by it: a task may carry a latent or a picture of hundreds of kilobytes. */
export function keyOf(task: object, ...files: readonly Uint8Array[]): string {
  const hash = createHash("sha256").update(JSON.stringify(task));
  for (const file of files) hash.update("\n").update(file);
  return hash.digest("hex");
}

/** Whoever shares another's run waited for it, and used nothing. */
function partsOf({ value, isShared }: Shared<Scheduled<unknown>>): TracedTask {
  return isShared ? { queueMs: 0, gpuMs: 0, timeline: [] } : value;
}
