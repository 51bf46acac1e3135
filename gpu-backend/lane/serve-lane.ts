import type { BackendFault } from "../../shared/backend-fault.ts";
import { AppError } from "../../shared/errors.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import { runtimeFault } from "../runtime/runtime-fault.ts";
import {
  type FromLane,
  type LaneLoad,
  type LaneNews,
  type LaneRun,
  type LaneTask,
  parseToLane,
  type Submission,
} from "./lane-messages.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

/** What a task is done with. */
export interface WorkContext {
  readonly urgency: Urgency;
  /** Aborts when the task must stop and when it has ended, so that no part of it continues. */
  readonly signal: AbortSignal;
  /** Told the milliseconds that the task used of the device, as they are used. */
  readonly onSpent: (milliseconds: number) => void;
  /** Told when a part of the task began and ended, by `performance.now()`; of one in many runs, of each. */
  readonly onPart: Timeline["add"];
  /**
   * Tells the server how the task goes. Of a task that is to stop, only its steps are told; of one that has ended,
   * nothing.
   */
  readonly tell: (news: LaneNews) => void;
}

/**
 * Does one task. The parent checks the outcome, a plain object, by its schema. What is thrown fails that task alone.
 */
export type LaneWork = (task: LaneTask, context: WorkContext) => Promise<object>;

/**
 * Makes this process a lane: loads when told to, then does tasks until the channel to its parent closes, which ends it,
 * so that no lane outlives its server. Signals to the process group are left to the parent, which lets work finish.
 */
export function serveLane(load: (options: LaneLoad, onRan: (run: LaneRun) => void) => Promise<LaneWork>): void {
  const stops = new Map<number, AbortController>();
  let work: LaneWork = () => Promise.reject(new AppError("A task came before the models were loaded."));

  process.on("disconnect", () => process.exit(0));
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("message", (raw) => {
    const message = parseToLane(raw);
    if (message?.kind === "load") void loadAndReport(message);
    if (message?.kind === "task") void workAndReport(message);
    if (message?.kind === "stop") stops.get(message.id)?.abort();
  });

  async function loadAndReport(options: LaneLoad): Promise<void> {
    try {
      work = await load(options, (run) => send({ kind: "ran", run }));
      send({ kind: "ready" });
    } catch (error) {
      send({ kind: "cannot-load", reason: reasonOf(error) });
    }
  }

  async function workAndReport({ id, urgency, task }: Submission): Promise<void> {
    const stop = new AbortController();
    stops.set(id, stop);
    const timeline = createTimeline(performance.now());
    let gpuMs = 0;
    let hasEnded = false;
    const onSpent = (milliseconds: number) => {
      gpuMs += milliseconds;
    };
    const tell = (news: LaneNews) => {
      // A step in progress at the stop runs to its end, and counts.
      if (!hasEnded && (news.kind === "progress" || !stop.signal.aborted)) send({ kind: "news", id, news });
    };
    const end = await endOf(
      work(task, { urgency, signal: stop.signal, onSpent, onPart: timeline.add, tell }),
      stop.signal,
    );
    stops.delete(id);
    hasEnded = true;
    stop.abort();
    send({ ...end, id, gpuMs, residentBytes: process.memoryUsage.rss(), timeline: timeline.parts() });
  }
}

type End =
  | { readonly kind: "done"; readonly outcome: object }
  | { readonly kind: "failed"; readonly reason: string; readonly fault: BackendFault | undefined }
  | { readonly kind: "stopped" };

/** A task that finished in spite of being stopped is done: its outcome is as good as any. */
async function endOf(work: Promise<object>, signal: AbortSignal): Promise<End> {
  try {
    return { kind: "done", outcome: await work };
  } catch (error) {
    return signal.aborted ? { kind: "stopped" } : { kind: "failed", reason: reasonOf(error), fault: faultOf(error) };
  }
}

function send(message: FromLane): void {
  // The parent may be gone by now; then this process ends anyway.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Of a foreign error only that memory ended can be told. */
function faultOf(error: unknown): BackendFault | undefined {
  return error instanceof AppError ? error.fault : runtimeFault(error);
}

/** Our own messages hold no values. Those of other errors may, so of them only the name and the place are told. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (!(error instanceof Error)) return "Something that is no error was thrown.";
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at ")) ?? "";
  return `${error.name} ${place.trim()}`;
}
