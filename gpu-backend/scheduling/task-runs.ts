import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import type { Lane, LaneReply } from "../lane/lane.ts";
import type { LaneTask } from "../lane/lane-messages.ts";
import type { OnNews } from "../lane/lane-process.ts";
import { type AdmissionOptions, createAdmission } from "./admission.ts";
import type { Applicant, Candidate } from "./running-tasks.ts";
import { createTaskStop, type StopReason, type TaskStop } from "./task-stop.ts";
import { workOf } from "./task-work.ts";

/** How a task ended. */
export interface RunEnd {
  /** "unstarted": stopped while it waited. */
  readonly reply: LaneReply | { readonly kind: "unstarted" };
  /** What stopped it, if anything did. */
  readonly stopped: StopReason | undefined;
  /** Milliseconds until it began, or was stopped. */
  readonly queueMs: number;
  /** Milliseconds that it used of the device; 0 where a lane took the number with it. */
  readonly gpuMs: number;
  /** The share of its steps that ran, 0…1, for which the caller that stopped it pays. */
  readonly doneShare: number;
}

/** A task that waits or runs. */
export interface TaskRun {
  readonly ended: Promise<RunEnd>;
}

/** On which terms a task is done. */
export interface RunTerms extends Omit<TaskTerms, "jobId"> {
  /** Aborts when the task's last caller has left. */
  readonly signal: AbortSignal;
  /** Hears how the task goes. Must not throw. */
  readonly onNews?: OnNews;
}

/** The terms that decide whether a task may wait. */
export type RunPlace = Pick<TaskTerms, "priority" | "tenant" | "request">;

/** The tasks that wait and run. */
export interface TaskRuns {
  tasks(): readonly { readonly task: LaneTask; readonly tenant: string }[];
  /** How many wait for their turn, and since how many milliseconds the first of them. */
  waiting(): { readonly tasks: number; readonly oldestMs: number };
  /** Whether a task of one picture on such terms would be let in now. */
  hasRoom(terms: RunPlace): boolean;
  /** Lets a task wait to begin; undefined when no place is free. */
  start(task: LaneTask, cost: TaskCost, terms: RunTerms): TaskRun | undefined;
}

/** What a task is expected to take of the device. */
export interface TaskCost {
  readonly ms: number;
  /** Whether tasks of its kind have run, or this is a guess. */
  readonly isMeasured: boolean;
}

/** What it takes. `now` counts milliseconds from any moment. */
export interface TaskRunsOptions {
  readonly bounds: AdmissionOptions;
  readonly lane: Pick<Lane, "run">;
  readonly now: () => number;
}

interface QueuedTask extends Candidate {
  readonly task: LaneTask;
  readonly stop: TaskStop;
  readonly onNews: OnNews;
  readonly measuredMs: number | undefined;
  readonly enqueuedMs: number;
  hasBegun: boolean;
  /** Continues the task: in the lane with this place, or to its end without one if it is stopped. */
  begin: (urgency?: Urgency) => void;
}

/** Sends tasks to the lane in the order of their urgency. A task's end always frees its place. */
export function createTaskRuns({ bounds, lane, now }: TaskRunsOptions): TaskRuns {
  const admission = createAdmission<QueuedTask>(bounds);
  let arrivals = 0;

  function beginTasks(): void {
    for (const { task: queued, urgency } of admission.begin()) {
      queued.hasBegun = true;
      queued.begin(urgency);
    }
  }

  function beginningOf(queued: QueuedTask): Promise<Urgency | undefined> {
    return new Promise((resolve) => {
      queued.begin = resolve;
      queued.stop.signal.addEventListener("abort", () => resolve(undefined), { once: true });
      if (queued.stop.signal.aborted) resolve(undefined);
      beginTasks();
    });
  }

  async function take(queued: QueuedTask): Promise<RunEnd> {
    const { task, stop, onNews, measuredMs } = queued;
    try {
      const urgency = await beginningOf(queued);
      const queueMs = now() - queued.enqueuedMs;
      const { signal } = stop;
      const steps = countSteps(onNews);
      const isStopped = urgency === undefined || signal.aborted;
      const reply = isStopped ? unstarted : await lane.run(task, { urgency, signal, onNews: steps.onNews, measuredMs });
      const gpuMs = "gpuMs" in reply ? reply.gpuMs : 0;
      return { reply, stopped: stop.reason(), queueMs, gpuMs, doneShare: steps.doneShare() };
    } finally {
      admission.leave(queued);
      stop.dispose();
      beginTasks();
    }
  }

  return {
    tasks: () => admission.tasks(),
    hasRoom: (place) => admission.hasRoom({ ...applicantOf(place), pictures: 1 }),
    waiting() {
      const enqueued = admission.tasks().flatMap(({ hasBegun, enqueuedMs }) => (hasBegun ? [] : [enqueuedMs]));
      const nowMs = now();
      return { tasks: enqueued.length, oldestMs: nowMs - Math.min(nowMs, ...enqueued) };
    },
    start(task, cost, terms) {
      arrivals += 1;
      const queued = createQueuedTask(task, cost, { terms, nowMs: now(), arrival: arrivals });
      if (admission.enter(queued)) return { ended: take(queued) };
      queued.stop.dispose();
      return undefined;
    },
  };
}

interface Arriving {
  readonly terms: RunTerms;
  readonly nowMs: number;
  readonly arrival: number;
}

function createQueuedTask(task: LaneTask, cost: TaskCost, { terms, nowMs, arrival }: Arriving): QueuedTask {
  const { deadlineMs, signal, onNews = unheard, ...place } = terms;
  return {
    ...applicantOf(place),
    pictures: workOf(task).pictures,
    deadlineMs: deadlineMs === undefined ? never : nowMs + deadlineMs,
    arrival,
    costMs: cost.ms,
    measuredMs: cost.isMeasured ? cost.ms : undefined,
    isLast: task.kind === "decode",
    task,
    stop: createTaskStop(signal, deadlineMs),
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
