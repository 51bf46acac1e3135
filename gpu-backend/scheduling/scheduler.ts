import type { z } from "zod";
import type { BackendFault } from "../../shared/backend-fault.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { Lane, LaneLog } from "../lane/lane.ts";
import {
  type DecodeOutcome,
  decodeOutcomeSchema,
  type EncodeJob,
  type EncodeOutcome,
  encodeOutcomeSchema,
  type LaneJob,
  type StageCOutcome,
  stageCOutcomeSchema,
} from "../lane/lane-messages.ts";
import type { JobPart } from "../lane/timeline.ts";
import type { AdmissionOptions } from "./admission.ts";
import { createJobRuns, type JobRuns, type RunEnd, type RunPlace, type RunTerms } from "./job-runs.ts";
import type { ServiceRate } from "./service-rate.ts";
import { workOf } from "./work.ts";

/** What a job gave, and what it took. */
export interface Scheduled<Outcome> {
  readonly outcome: Outcome;
  /** Milliseconds until it began. */
  readonly queueMs: number;
  /** Milliseconds that it used of the device. */
  readonly gpuMs: number;
  /** Memory of the lane's process after the job. */
  readonly residentBytes: number;
  /** When its parts were worked on, in milliseconds after it began. */
  readonly timeline: readonly JobPart[];
}

/** Why a job gave nothing, and what it took all the same. */
export interface Unscheduled {
  readonly failure: Failure;
  readonly queueMs: number;
  readonly gpuMs: number;
  /** See `RunEnd`. */
  readonly doneShare: number;
}

/** What a caller hears that leaves a run which others still wait for. */
export const leftToOthers: Unscheduled = {
  failure: { code: "job_cancelled" },
  queueMs: 0,
  gpuMs: 0,
  doneShare: 0,
};

/** What a job comes back with. */
export type Answer<Outcome> = Result<Scheduled<Outcome>, Unscheduled>;

/** On which terms a job is done. */
export type SchedulerTerms = RunTerms;

/** Gives jobs to the lane, divided fairly between tenants, in the order of their urgency. Every job is answered once; nothing here rejects. */
export interface Scheduler {
  /** Jobs that wait and jobs that run. */
  depth(): number;
  /** How many wait for their turn, and since how many milliseconds the first of them. */
  waiting: JobRuns["waiting"];
  /** Milliseconds of work in all of them, by what such work took lately. */
  backlogMs(): number;
  /** Why a job on such terms would be refused now, if it would: known in microseconds, before its body is read. */
  refusal(place: RunPlace): Failure | undefined;
  /** The request must have been checked against the manifest. */
  runStageC(request: StageCRequest, terms: SchedulerTerms): Promise<Answer<StageCOutcome>>;
  /** `latent`: a latent file that has been checked. */
  decode(latent: Uint8Array, options: DecodeOptions, terms: SchedulerTerms): Promise<Answer<DecodeOutcome>>;
  /** `job.pixels` have the size that the compressor takes for `job.latentShape`. */
  encode(job: Omit<EncodeJob, "kind">, terms: SchedulerTerms): Promise<Answer<EncodeOutcome>>;
  /** From now on refuses new jobs; those that it has go on. */
  drain(): void;
}

/** What a scheduler is made of. `now` counts milliseconds from any moment. */
export interface SchedulerOptions {
  readonly bounds: AdmissionOptions;
  readonly lane: Lane;
  readonly rate: ServiceRate;
  readonly log: LaneLog;
  readonly now: () => number;
}

/**
 * Failures: `backend_overloaded` when no place is free, `backend_unavailable` when no lane is ready in time or the
 * server is about to end, `backend_failed` when the job failed or its lane died, `deadline_exceeded`, `job_cancelled`.
 * A client may repeat after any.
 */
export function createScheduler({ bounds, lane, rate, log, now }: SchedulerOptions): Scheduler {
  const runs = createJobRuns({ bounds, lane, now });
  let isDraining = false;

  function report<Outcome>(task: LaneJob, end: RunEnd, schema: z.ZodType<Outcome>): Answer<Outcome> {
    const { reply, queueMs, gpuMs, doneShare } = end;
    if (reply.kind === "done") {
      const { residentBytes, timeline } = reply;
      const { data: outcome } = schema.safeParse(reply.outcome);
      rate.observe(task.kind, workOf(task).units, gpuMs);
      if (outcome !== undefined) return ok({ outcome, queueMs, gpuMs, residentBytes, timeline });
    }
    const failure = failureOf(end);
    const reason = reply.kind === "failed" ? reply.reason : reply.kind;
    log.warn({ job: task.kind, reason, code: failure.code, gpuMs: Math.round(gpuMs) }, "job failed");
    return err({ failure, queueMs, gpuMs, doneShare });
  }

  const costMs = (task: LaneJob) => rate.estimateMs(task.kind, workOf(task).units);
  const sumMs = (jobs: ReturnType<JobRuns["jobs"]>) => jobs.reduce((sum, { task }) => sum + costMs(task), 0);
  const backlogMs = () => sumMs(runs.jobs());

  /** What jobs take until their pictures are there: a latent is followed by its decode. */
  function untilPicturesMs(jobs: ReturnType<JobRuns["jobs"]>): number {
    const latents = jobs.filter(({ task }) => task.kind === "stage-c");
    const decodes = latents.reduce((sum, { task }) => sum + workOf(task).pictures, 0);
    return sumMs(jobs) + (rate.isMeasured("decode") ? rate.estimateMs("decode", decodes) : 0);
  }

  /** Until half of what stands before the tenant is done: its own jobs, each beside one of every other tenant. */
  function overloaded({ tenant = "" }: RunPlace): Failure {
    const jobs = runs.jobs();
    const own = jobs.filter((job) => job.tenant === tenant);
    const tenants = new Set(jobs.map((job) => job.tenant)).size;
    const allMs = untilPicturesMs(jobs);
    const aheadMs = own.length === 0 ? allMs : Math.min(allMs, untilPicturesMs(own) * tenants);
    return { code: "backend_overloaded", retryAfterSeconds: aheadMs / 2 / 1_000 };
  }

  function refusal(place: RunPlace): Failure | undefined {
    if (isDraining) return { code: "backend_unavailable" };
    return runs.hasRoom(place) ? undefined : overloaded(place);
  }

  async function schedule<Outcome>(task: LaneJob, schema: z.ZodType<Outcome>, terms: SchedulerTerms) {
    if (isDraining) return refused<Outcome>({ code: "backend_unavailable" });
    const run = runs.start(task, costMs(task), terms);
    if (run === undefined) return refused<Outcome>(overloaded(terms));
    return report(task, await run.ended, schema);
  }

  return {
    depth: () => runs.jobs().length,
    waiting: runs.waiting,
    backlogMs,
    refusal,
    runStageC({ previewEverySteps = 0, previewFormat = "webp", ...request }, terms) {
      const previews = { everySteps: previewEverySteps, format: previewFormat };
      return schedule({ kind: "stage-c", request, previews }, stageCOutcomeSchema, terms);
    },
    decode: (latent, { format, quality }, terms) =>
      schedule({ kind: "decode", latent, options: { format, quality } }, decodeOutcomeSchema, terms),
    encode: (job, terms) => schedule({ kind: "encode", ...job }, encodeOutcomeSchema, terms),
    drain() {
      isDraining = true;
    },
  };
}

function refused<Outcome>(failure: Failure): Answer<Outcome> {
  return err({ failure, queueMs: 0, gpuMs: 0, doneShare: 0 });
}

function failureOf({ stopped, reply }: RunEnd): Failure {
  if (stopped !== undefined) return { code: stopped === "deadline" ? "deadline_exceeded" : "job_cancelled" };
  if (reply.kind === "unready") return { code: "backend_unavailable" };
  const fault = faultOf(reply);
  return { code: "backend_failed", ...(fault && { fault }) };
}

function faultOf(reply: RunEnd["reply"]): BackendFault | undefined {
  switch (reply.kind) {
    case "failed":
      return reply.fault;
    case "died":
      return "process_died";
    case "overdue":
      return "timed_out";
    default:
      return undefined;
  }
}
