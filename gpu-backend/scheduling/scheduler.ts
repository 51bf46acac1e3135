import type { z } from "zod";
import type { BackendFault } from "../../shared/backend-fault.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { Lane, LaneLog } from "../lane/lane.ts";
import {
  type DecodeOutcome,
  decodeOutcomeSchema,
  type EncodeOutcome,
  type EncodeTask,
  encodeOutcomeSchema,
  type LaneTask,
  type MarkOutcome,
  type MarkTask,
  markOutcomeSchema,
  revisionOf,
  type StageCOutcome,
  stageCOutcomeSchema,
} from "../lane/lane-messages.ts";
import type { TaskPart } from "../lane/timeline.ts";
import type { AdmissionOptions } from "./admission.ts";
import type { ServiceRate } from "./service-rate.ts";
import { createTaskRuns, type RunEnd, type RunPlace, type RunTerms, type TaskRuns } from "./task-runs.ts";
import { workOf } from "./task-work.ts";

/** What a task gave, and what it took. */
export interface Scheduled<Outcome> {
  readonly outcome: Outcome;
  /** Milliseconds until it began. */
  readonly queueMs: number;
  /** Milliseconds that it used of the device. */
  readonly gpuMs: number;
  /** Memory of the lane's process after the task. */
  readonly residentBytes: number;
  /** When its parts were worked on, in milliseconds after it began. */
  readonly timeline: readonly TaskPart[];
}

/** Why a task gave nothing, and what it took all the same. */
export interface Unscheduled {
  readonly failure: Failure;
  readonly queueMs: number;
  readonly gpuMs: number;
  /** See `RunEnd`. */
  readonly doneShare: number;
}

/** The outcome of a caller that leaves a run for which others still wait. */
export const leftToOthers: Unscheduled = {
  failure: { code: "job_cancelled" },
  queueMs: 0,
  gpuMs: 0,
  doneShare: 0,
};

/** The result of a task. */
export type Answer<Outcome> = Result<Scheduled<Outcome>, Unscheduled>;

/** On which terms a task is done. */
export type SchedulerTerms = RunTerms;

/**
 * Gives tasks to the lane, divided fairly between tenants, in the order of their urgency. Every task is answered once;
 * nothing here rejects.
 */
export interface Scheduler {
  /** Tasks that wait and tasks that run. */
  depth(): number;
  /** How many wait for their turn, and since how many milliseconds the first of them. */
  waiting: TaskRuns["waiting"];
  /** Milliseconds of work in all of them, by what such work took lately. */
  backlogMs(): number;
  /** Why a task on such terms would be refused now, if it would: known in microseconds, before its body is read. */
  refusal(place: RunPlace): Failure | undefined;
  /** The request must have been checked against the manifest. */
  runStageC(request: StageCRequest, terms: SchedulerTerms): Promise<Answer<StageCOutcome>>;
  /** `work.latent`: a latent file of `work.revision` that has been checked. */
  decode(work: DecodeWork, options: DecodeOptions, terms: SchedulerTerms): Promise<Answer<DecodeOutcome>>;
  /** `task.pixels` have the size that the compressor takes for `task.latentShape`. */
  encode(task: Omit<EncodeTask, "kind">, terms: SchedulerTerms): Promise<Answer<EncodeOutcome>>;
  /** `task.readings` have 3 channels and the sides that the extractor takes. */
  readMark(task: Omit<MarkTask, "kind">, terms: SchedulerTerms): Promise<Answer<MarkOutcome>>;
  /** Refuses new tasks from now on; accepted ones continue. */
  drain(): void;
}

/** A latent file, and the revision of its model. */
type DecodeWork = Pick<Extract<LaneTask, { readonly kind: "decode" }>, "latent" | "revision">;

/** What a scheduler is made of. `now` counts milliseconds from any moment. */
export interface SchedulerOptions {
  readonly bounds: AdmissionOptions;
  readonly lane: Pick<Lane, "run">;
  readonly rate: ServiceRate;
  readonly log: LaneLog;
  readonly now: () => number;
}

/**
 * Failures: `backend_overloaded` when no place is free, `backend_unavailable` when no lane is ready in time or the
 * server is about to end, `backend_failed` when the task failed or its lane died, `deadline_exceeded`, `job_cancelled`.
 * A client may repeat after any.
 */
export function createScheduler({ bounds, lane, rate, log, now }: SchedulerOptions): Scheduler {
  const runs = createTaskRuns({ bounds, lane, now });
  let isDraining = false;

  function report<Outcome>(task: LaneTask, end: RunEnd, schema: z.ZodType<Outcome>): Answer<Outcome> {
    const { reply, queueMs, gpuMs, doneShare } = end;
    if (reply.kind === "done") {
      const { residentBytes, timeline } = reply;
      const { data: outcome } = schema.safeParse(reply.outcome);
      rate.observe(rateOf(task), workOf(task).units, gpuMs);
      if (outcome !== undefined) return ok({ outcome, queueMs, gpuMs, residentBytes, timeline });
    }
    const failure = failureOf(end);
    const reason = reply.kind === "failed" ? reply.reason : reply.kind;
    log.warn({ task: task.kind, reason, code: failure.code, gpuMs: Math.round(gpuMs) }, "task failed");
    return err({ failure, queueMs, gpuMs, doneShare });
  }

  const costMs = (task: LaneTask) => rate.estimateMs(rateOf(task), workOf(task).units);
  const sumMs = (tasks: ReturnType<TaskRuns["tasks"]>) => tasks.reduce((sum, { task }) => sum + costMs(task), 0);
  const backlogMs = () => sumMs(runs.tasks());

  /** What tasks take until their pictures are there: a latent is followed by its decode. */
  function untilPicturesMs(tasks: ReturnType<TaskRuns["tasks"]>): number {
    const latents = tasks.filter(({ task }) => task.kind === "stage-c");
    return latents.reduce((sum, { task }) => {
      const decode = rateOf(task, "decode");
      return sum + (rate.isMeasured(decode) ? rate.estimateMs(decode, workOf(task).pictures) : 0);
    }, sumMs(tasks));
  }

  /** Until half of what stands before the tenant is done: its own tasks, each beside one of every other tenant. */
  function overloaded({ tenant = "" }: RunPlace): Failure {
    const tasks = runs.tasks();
    const own = tasks.filter((task) => task.tenant === tenant);
    const tenants = new Set(tasks.map((task) => task.tenant)).size;
    const allMs = untilPicturesMs(tasks);
    const aheadMs = own.length === 0 ? allMs : Math.min(allMs, untilPicturesMs(own) * tenants);
    return { code: "backend_overloaded", retryAfterSeconds: aheadMs / 2 / 1_000 };
  }

  function refusal(place: RunPlace): Failure | undefined {
    if (isDraining) return { code: "backend_unavailable" };
    return runs.hasRoom(place) ? undefined : overloaded(place);
  }

  async function schedule<Outcome>(task: LaneTask, schema: z.ZodType<Outcome>, terms: SchedulerTerms) {
    if (isDraining) return refused<Outcome>({ code: "backend_unavailable" });
    const cost = { ms: costMs(task), isMeasured: rate.isMeasured(rateOf(task)) };
    const run = runs.start(task, cost, terms);
    if (run === undefined) return refused<Outcome>(overloaded(terms));
    return report(task, await run.ended, schema);
  }

  return {
    depth: () => runs.tasks().length,
    waiting: runs.waiting,
    backlogMs,
    refusal,
    runStageC({ previewEverySteps = 0, previewFormat = "webp", ...request }, terms) {
      const previews = { everySteps: previewEverySteps, format: previewFormat };
      return schedule({ kind: "stage-c", request, previews }, stageCOutcomeSchema, terms);
    },
    decode: (work, options, terms) => schedule({ kind: "decode", ...work, options }, decodeOutcomeSchema, terms),
    readMark: (task, terms) => schedule({ kind: "mark", ...task }, markOutcomeSchema, terms),
    encode: (task, terms) => schedule({ kind: "encode", ...task }, encodeOutcomeSchema, terms),
    drain() {
      isDraining = true;
    },
  };
}

/** Models differ in how long they take. */
function rateOf(task: LaneTask, kind = task.kind): string {
  return `${revisionOf(task)} ${kind}`;
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
