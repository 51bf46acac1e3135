import type { JobTerms } from "../../shared/wire/job-terms.ts";
import type { Lane, LaneReply } from "../lane/lane.ts";
import type { LaneJob } from "../lane/lane-messages.ts";
import type { OnNews } from "../lane/lane-process.ts";
import { type AdmissionOptions, type Candidate, createAdmission } from "./admission.ts";
import { createJobStop, type JobStop, type StopReason } from "./job-stop.ts";
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

/** The jobs that wait and run. */
export interface JobRuns {
  tasks(): readonly LaneJob[];
  /** How many wait for their turn, and since how many milliseconds the first of them. */
  waiting(): { readonly jobs: number; readonly oldestMs: number };
  /** Lets a job wait for its turn; undefined when no place is free. */
  start(task: LaneJob, terms: RunTerms): JobRun | undefined;
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
  /** Lets the job go on: to the lane, or away when it is stopped. */
  begin: () => void;
}

/** Brings jobs to the lane in the order of their urgency. A job's place is given on however it ends. */
export function createJobRuns({ bounds, lane, now }: JobRunsOptions): JobRuns {
  const admission = createAdmission<Job>(bounds);
  let arrivals = 0;

  function beginJobs(): void {
    for (const job of admission.begin()) {
      job.hasBegun = true;
      job.begin();
    }
  }

  function turnOf(job: Job): Promise<void> {
    return new Promise((resolve) => {
      job.begin = resolve;
      job.stop.signal.addEventListener("abort", () => resolve(), { once: true });
      if (job.stop.signal.aborted) resolve();
      beginJobs();
    });
  }

  async function take(job: Job): Promise<RunEnd> {
    const { task, urgency, stop, onNews } = job;
    try {
      await turnOf(job);
      const queueMs = now() - job.enqueuedMs;
      const { signal } = stop;
      const steps = countSteps(onNews);
      const reply = signal.aborted ? unstarted : await lane.run(task, { urgency, signal, onNews: steps.onNews });
      const gpuMs = "gpuMs" in reply ? reply.gpuMs : 0;
      return { reply, stopped: stop.reason(), queueMs, gpuMs, doneShare: steps.doneShare() };
    } finally {
      admission.leave(job);
      stop.dispose();
      beginJobs();
    }
  }

  return {
    tasks: () => admission.jobs().map(({ task }) => task),
    waiting() {
      const enqueued = admission.jobs().flatMap(({ hasBegun, enqueuedMs }) => (hasBegun ? [] : [enqueuedMs]));
      const nowMs = now();
      return { jobs: enqueued.length, oldestMs: nowMs - Math.min(nowMs, ...enqueued) };
    },
    start(task, { priority = "interactive", deadlineMs, signal, onNews = unheard }) {
      arrivals += 1;
      const urgency = {
        priority,
        deadlineMs: deadlineMs === undefined ? never : now() + deadlineMs,
        arrival: arrivals,
      };
      const stop = createJobStop(signal, deadlineMs);
      const { pictures } = workOf(task);
      const asked = { task, stop, onNews, urgency, pictures, enqueuedMs: now() };
      const job: Job = { ...asked, hasBegun: false, begin: () => undefined };
      if (admission.enter(job)) return { ended: take(job) };
      stop.dispose();
      return undefined;
    },
  };
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
