import { err, ok, type Result } from "../../shared/result.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import type { LaneTask, Submission, TaskAnswer } from "./lane-messages.ts";
import {
  type Died,
  type LaneProcess,
  type LaneProcessOptions,
  type LoadReply,
  type OnNews,
  startLaneProcess,
} from "./lane-process.ts";
import { createReadySlot, pause, type ReadySlot } from "./ready-slot.ts";
import type { TaskMsMax } from "./task-time.ts";

/** What a lane reports to the log: names, counts and reasons, nothing of a task. */
export interface LaneLog {
  info(entry: Readonly<Record<string, unknown>>, message: string): void;
  warn(entry: Readonly<Record<string, unknown>>, message: string): void;
}

/** A lane's settings. Times in milliseconds. */
export interface LaneOptions extends LaneProcessOptions {
  readonly log: LaneLog;
  /** A task that takes longer is stopped. */
  readonly taskMsMax: TaskMsMax;
  /** A task that still runs this long after its stop ends its process; longer than any single run. */
  readonly stuckMsMax: number;
  /** How long a task waits for a process that is still loading. */
  readonly readyMsMax: number;
  /** How long an ending process may take for the step it is in. */
  readonly stopMsMax: number;
}

/**
 * What came of a task: "unready" when no process was ready in time, "overdue" when it took longer than any task may.
 */
export type LaneReply = TaskAnswer | Died | { readonly kind: "unready" } | Overdue;

/** `gpuMs`: what it used of the device; 0 where a process took the number with it. */
interface Overdue {
  readonly kind: "overdue";
  readonly gpuMs: number;
}

/** On which terms a task is done. */
export interface LaneTerms {
  readonly urgency: Urgency;
  /** What such tasks used of the device lately, in milliseconds; undefined before the first. */
  readonly measuredMs?: number | undefined;
  /** Stops the task, between two runs of a graph when it has begun. */
  readonly signal: AbortSignal;
  readonly onNews: OnNews;
}

/** Models in a process of their own, which is replaced when it dies. */
export interface Lane {
  isReady(): boolean;
  /** Whether the first process could load the models, and if not, why. */
  readonly started: Promise<Result<undefined, string>>;
  /** Does a task beside those that it has already. Never rejects. */
  run(task: LaneTask, terms: LaneTerms): Promise<LaneReply>;
  /** Ends the process and starts no other. */
  close(): Promise<void>;
}

const respawnDelayMsFirst = 100;
const respawnDelayMsMax = 10_000;

/** Starts a lane. */
export function createLane(options: LaneOptions): Lane {
  const closing = new AbortController();
  const slot = createReadySlot();
  let tasksBegun = 0;
  let current = startLaneProcess(options);
  const started = current.loaded.then(loadOutcome);
  const ended = supervise();

  /** One turn a process. Only loading that fails again and again is slowed down. */
  async function supervise(): Promise<void> {
    for (let failures = 0; ; current = startLaneProcess(options)) {
      const isLoaded = await watch(current, slot, options.log);
      if (closing.signal.aborted) return;
      options.log.warn({ lanePid: current.pid, isLoaded }, "lane ended");
      failures = isLoaded ? 0 : failures + 1;
      if (failures > 0) await pause(backoffMs(failures), closing.signal);
      if (closing.signal.aborted) return;
    }
  }

  return {
    isReady: () => slot.get() !== undefined,
    started,
    async run(task, terms) {
      const lane = await slot.wait(options.readyMsMax, AbortSignal.any([closing.signal, terms.signal]));
      if (lane === undefined || terms.signal.aborted) return { kind: "unready" };
      tasksBegun += 1;
      const { reply, isOverdue } = await runWatched(
        lane,
        { id: tasksBegun, urgency: terms.urgency, task },
        terms,
        options,
      );
      // Its exit is noticed a moment later, and the next task must not be given to it.
      if (reply.kind === "died") slot.clear(lane);
      const isLost = reply.kind === "died" || reply.kind === "stopped";
      return isOverdue && isLost ? { kind: "overdue", gpuMs: "gpuMs" in reply ? reply.gpuMs : 0 } : reply;
    },
    async close() {
      closing.abort();
      current.disconnect();
      const timer = setTimeout(() => current.kill(), options.stopMsMax);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Runs a task, stops it when the signal aborts or its time is over, and ends a process that does not stop. */
async function runWatched(
  lane: LaneProcess,
  submission: Omit<Submission, "kind">,
  { signal, onNews, measuredMs }: Omit<LaneTerms, "urgency">,
  { taskMsMax, stuckMsMax }: LaneOptions,
): Promise<{ readonly reply: TaskAnswer | Died; readonly isOverdue: boolean }> {
  let isOverdue = false;
  let stuck: NodeJS.Timeout | undefined;
  const stop = () => {
    lane.stop(submission.id);
    stuck ??= setTimeout(() => lane.kill(), stuckMsMax);
  };
  const overdue = setTimeout(
    () => {
      isOverdue = true;
      stop();
    },
    taskMsMax(submission.task, measuredMs),
  );
  signal.addEventListener("abort", stop, { once: true });
  const reply = await lane.run(submission, onNews);
  signal.removeEventListener("abort", stop);
  clearTimeout(overdue);
  clearTimeout(stuck);
  return { reply, isOverdue };
}

/** Follows one process from start to exit. Whether it ever became ready. */
async function watch(lane: LaneProcess, slot: ReadySlot, log: LaneLog): Promise<boolean> {
  const outcome = loadOutcome(await lane.loaded);
  if (outcome.ok) {
    slot.fill(lane);
    log.info({ lanePid: lane.pid }, "lane ready");
  } else {
    log.warn({ lanePid: lane.pid, reason: outcome.error }, "lane cannot load");
    lane.kill();
  }
  await lane.exited;
  slot.clear(lane);
  return outcome.ok;
}

function loadOutcome(reply: LoadReply): Result<undefined, string> {
  if (reply.kind === "ready") return ok(undefined);
  return err(reply.kind === "cannot-load" ? reply.reason : "The process ended while it loaded.");
}

/** The wait before a process is started after so many that could not load: doubling, up to a bound. */
export function backoffMs(failures: number): number {
  return Math.min(respawnDelayMsFirst * 2 ** (failures - 1), respawnDelayMsMax);
}
