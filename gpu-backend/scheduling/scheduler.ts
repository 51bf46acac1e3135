import type { z } from "zod";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { JobQueue } from "./job-queue.ts";
import type { Lane, LaneLog } from "./lane.ts";
import {
  type DecodeOutcome,
  decodeOutcomeSchema,
  type LaneJob,
  type StageCOutcome,
  stageCOutcomeSchema,
} from "./lane-messages.ts";

/** What a job gave, and what it took. */
export interface Scheduled<Outcome> {
  readonly outcome: Outcome;
  /** Milliseconds until it had the lane for itself. */
  readonly queueMs: number;
  /** Memory of the lane's process after the job. */
  readonly residentBytes: number;
}

/** Gives jobs to the lane, one at a time. */
export interface Scheduler {
  /** Jobs that wait, and the one that runs. */
  depth(): number;
  /** The request must have been checked against the manifest. */
  runStageC(request: StageCRequest): Promise<Result<Scheduled<StageCOutcome>, Failure>>;
  /** `latent`: a latent file that has been checked. */
  decode(latent: Uint8Array, options: DecodeOptions): Promise<Result<Scheduled<DecodeOutcome>, Failure>>;
}

/** What a scheduler is made of. `now` counts milliseconds from any moment. */
export interface SchedulerOptions {
  readonly queue: JobQueue;
  readonly lane: Lane;
  readonly log: LaneLog;
  readonly now: () => number;
}

/**
 * Failures: `backend_overloaded` when the queue is full, `backend_unavailable` when no lane is ready in time,
 * `backend_failed` when the job failed or its lane died. A client may repeat after any of them.
 */
export function createScheduler({ queue, lane, log, now }: SchedulerOptions): Scheduler {
  let lastJobMs = 1_000;

  async function schedule<Outcome>(
    job: LaneJob,
    schema: z.ZodType<Outcome>,
  ): Promise<Result<Scheduled<Outcome>, Failure>> {
    const enqueued = now();
    const ran = await queue.run(async () => {
      const started = now();
      const reply = await lane.run(job);
      lastJobMs = now() - started;
      return { reply, queueMs: started - enqueued };
    });
    if (!ran.ok) return err({ code: "backend_overloaded", retryAfterSeconds: (queue.depth() * lastJobMs) / 1_000 });
    const { reply, queueMs } = ran.value;
    if (reply.kind === "unready") return err({ code: "backend_unavailable" });
    const outcome = reply.kind === "done" ? schema.safeParse(reply.outcome) : undefined;
    if (reply.kind !== "done" || outcome?.data === undefined) {
      log.warn({ job: job.kind, reason: reply.kind === "failed" ? reply.reason : reply.kind }, "job failed");
      return err({ code: "backend_failed" });
    }
    return ok({ outcome: outcome.data, queueMs, residentBytes: reply.residentBytes });
  }

  return {
    depth: () => queue.depth(),
    runStageC: (request) => schedule({ kind: "stage-c", request }, stageCOutcomeSchema),
    decode: (latent, options) => schedule({ kind: "decode", latent, options }, decodeOutcomeSchema),
  };
}
