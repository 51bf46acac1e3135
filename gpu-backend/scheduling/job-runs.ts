import type { JobTerms } from "../../shared/wire/job-terms.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import type { Lane, LaneReply } from "../lane/lane.ts";
import type { LaneJob } from "../lane/lane-messages.ts";
import type { OnNews } from "../lane/lane-process.ts";
import { type AdmissionOptions, createAdmission } from "./admission.ts";
import { createJobStop, type JobStop, type StopReason } from "./job-stop.ts";
import type { Applicant, Candidate } from "./running-jobs.ts";
import { workOf } from "./work.ts";

/** How a job ended. */
export interface RunEnd {
  /** "unstarted": stopped while it waited. */
  readonly reply: LaneReply | { readonly kind: "unstarted" };
  /** Who stopped it, if anybody did. */
  readonly stopped: StopReason | undefined;
  /** Milliseconds until it began, or was stopped. */
  readonly queueMs: number;
  /** Milliseconds that it used of the device; 0 where a lane took the number with it. */
  readonly gpuMs: number;
  /** The part of its steps that ran, 0…1: what a caller who stopped it owes. */
  readonly doneShare: number;
}

/** A job that waits or runs. */
export interface JobRun {
  readonly ended: Promise<RunEnd>;
}

/** On which terms a job is done. */
export interface RunTerms extends Omit<JobTerms, "jobId"> {
  /** Aborts when nobody wants the job any more. */
  readonly signal: AbortSignal;
  /** Hears how the job goes. Must not throw. */
  readonly onNews?: OnNews;
}

/** The terms that decide whether a job may wait. */
export type RunPlace = Pick<JobTerms, "priority" | "tenant" | "request">;

/** The jobs that wait and run. */
export interface JobRuns {
  jobs(): readonly { readonly task: LaneJob; readonly tenant: string }[];
  /** How many wait for their turn, and since how many milliseconds the first of them. */
  waiting(): { readonly jobs: number; readonly oldestMs: number };
  /** Whether a job of one picture on such terms would be let in now. */
  hasRoom(terms: RunPlace): boolean;
  /** Lets a job wait to begin; undefined when no place is free. `costMs`: what it is expected to take of the device. */
  start(task: LaneJob, costMs: number, terms: RunTerms): JobRun | undefined;
}

/** What it takes. `now` counts milliseconds from any moment. */
export interface JobRunsOptions {
  readonly bounds: AdmissionOptions;
  readonly lane: Lane;
  readonly now: () => number;
}

interface Job extends Candidate {
  readonly task: LaneJob;
  readonly stop: JobStop;
  readonly onNews: OnNews;
  readonly enqueuedMs: number;
  hasBegun: boolean;
  /** Lets the job go on: to the lane in this place, or away, without one, when it is stopped. */
  begin: (urgency?: Urgency) => void;
}

/** Brings jobs to the lane in the order of their urgency. A job's place is given on however it ends. */
export function createJobRuns({ bounds, lane, now }: JobRunsOptions): JobRuns {
  const admission = createAdmission<Job>(bounds);
  let arrivals = 0;

  function beginJobs(): void {
    for (const { job, urgency } of admission.begin()) {
      job.hasBegun = true;
      job.begin(urgency);
    }
  }

  function beginningOf(job: Job): Promise<Urgency | undefined> {
    return new Promise((resolve) => {
      job.begin = resolve;
      job.stop.signal.addEventListener("abort", () => resolve(undefined), { once: true });
      if (job.stop.signal.aborted) resolve(undefined);
      beginJobs();
    });
  }

  async function take(job: Job): Promise<RunEnd> {
    const { task, stop, onNews } = job;
    try {
      const urgency = await beginningOf(job);
      const queueMs = now() - job.enqueuedMs;
      const { signal } = stop;
      const steps = countSteps(onNews);
      const isStopped = urgency === undefined || signal.aborted;
      const reply = isStopped ? unstarted : await lane.run(task, { urgency, signal, onNews: steps.onNews });
      const gpuMs = "gpuMs" in reply ? reply.gpuMs : 0;
      return { reply, stopped: stop.reason(), queueMs, gpuMs, doneShare: steps.doneShare() };
    } finally {
      admission.leave(job);
      stop.dispose();
      beginJobs();
    }
  }

  return {
    jobs: () => admission.jobs(),
    hasRoom: (place) => admission.hasRoom({ ...applicantOf(place), pictures: 1 }),
    waiting() {
      const enqueued = admission.jobs().flatMap(({ hasBegun, enqueuedMs }) => (hasBegun ? [] : [enqueuedMs]));
      const nowMs = now();
      return { jobs: enqueued.length, oldestMs: nowMs - Math.min(nowMs, ...enqueued) };
    },
    start(task, costMs, terms) {
      arrivals += 1;
      const job = createJob(task, costMs, { terms, nowMs: now(), arrival: arrivals });
      if (admission.enter(job)) return { ended: take(job) };
      job.stop.dispose();
      return undefined;
    },
  };
}

interface Arriving {
  readonly terms: RunTerms;
  readonly nowMs: number;
  readonly arrival: number;
}

function createJob(task: LaneJob, costMs: number, { terms, nowMs, arrival }: Arriving): Job {
  const { deadlineMs, signal, onNews = unheard, ...place } = terms;
  return {
    ...applicantOf(place),
    pictures: workOf(task).pictures,
    deadlineMs: deadlineMs === undefined ? never : nowMs + deadlineMs,
    arrival,
    costMs,
    isLast: task.kind === "decode",
    task,
    stop: createJobStop(signal, deadlineMs),
    onNews,
    enqueuedMs: nowMs,
    hasBegun: false,
    begin: () => undefined,
  };
}

function applicantOf({ priority = "interactive", tenant = "", request }: RunPlace): Omit<Applicant, "pictures"> {
  return { priority, tenant, request };
}

const unstarted = { kind: "unstarted" } as const;
const unheard = () => undefined;
const never = Number.POSITIVE_INFINITY;

/** Counts the steps that are reported, and passes everything on. */
function countSteps(onNews: OnNews): { readonly onNews: OnNews; doneShare(): number } {
  let doneShare = 0;
  return {
    onNews(news) {
      if (news.kind === "progress") doneShare = Math.min(1, news.step / news.steps);
      onNews(news);
    },
    doneShare: () => doneShare,
  };
}
