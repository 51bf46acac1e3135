import type { Priority } from "../../shared/wire/task-terms.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import { createFairShare, type FairShare } from "./fair-share.ts";

/** Whose task it is, as far as that decides whether it may wait. */
export interface Applicant {
  readonly priority: Priority;
  /** Opaque; tasks without one are one tenant's. */
  readonly tenant: string;
  /** Opaque: the client's request that the task is part of, if it is part of one. */
  readonly request: string | undefined;
  /** Pictures that it makes, 1 or more. */
  readonly pictures: number;
}

/** A task as far as it decides when it begins. */
export interface Candidate extends Applicant {
  readonly deadlineMs: number;
  readonly arrival: number;
  /** What it will take of the device, in milliseconds as they are expected. */
  readonly costMs: number;
  /** Whether it ends what other tasks began: it goes before their like. */
  readonly isLast: boolean;
}

/** A task that begins, and its place among those that run. */
export interface Begun<Task> {
  readonly task: Task;
  readonly urgency: Urgency;
}

/** The tasks that run, and what each tenant was given. */
export interface RunningTasks<Task extends Candidate> {
  list(): Iterable<Task>;
  /**
   * Whether a task may begin within the bound of pictures. One of more pictures may when nothing else of its class
   * runs.
   */
  fits(applicant: Applicant): boolean;
  /** Whether it may begin beyond the bound: its tenant runs nothing, and less than twice the bound runs. */
  fitsBeyond(applicant: Applicant): boolean;
  /** The place that a task would have if it began now. */
  placeOf(task: Task): Urgency;
  /** `demand`: tasks of its tenant in its class that wait or run, this one included. */
  begin(task: Task, demand: number): Begun<Task>;
  /** Does nothing for a task that does not run. */
  end(task: Task): void;
}

/**
 * A tenant weighs the less the more it asks for at a time, down to a quarter: beside one that asks for ten pictures at
 * once, one that waits for a single picture is given up to four fifths of the device. Its answer comes nearly as soon
 * as alone, and the other one, which waits for long anyway, keeps a fifth.
 */
const demandMax = 4;

/** Nothing runs. `picturesMax`: the bound. */
export function createRunningTasks<Task extends Candidate>(picturesMax: number): RunningTasks<Task> {
  const startTags = new Map<Task, number>();
  const shares: Readonly<Record<Priority, FairShare>> = { interactive: createFairShare(), batch: createFairShare() };

  /** What batch tasks run does not count against an interactive task, which goes before them at their next step. */
  function picturesBefore(priority: Priority): number {
    let pictures = 0;
    for (const task of startTags.keys()) {
      if (task.priority === "interactive" || priority === "batch") pictures += task.pictures;
    }
    return pictures;
  }

  return {
    list: () => startTags.keys(),
    fits({ priority, pictures }) {
      const before = picturesBefore(priority);
      return before === 0 || before + pictures <= picturesMax;
    },
    fitsBeyond({ priority, tenant }) {
      if (picturesBefore(priority) >= 2 * picturesMax) return false;
      return !Array.from(startTags.keys()).some((task) => task.tenant === tenant);
    },
    placeOf: ({ priority, tenant, costMs, isLast, deadlineMs, arrival }) => {
      const startTag = shares[priority].startOf(tenant);
      return { priority, tenant, startTag, costMs, isLast, deadlineMs, arrival };
    },
    begin(task, demand) {
      const { priority, tenant, costMs, isLast, deadlineMs, arrival } = task;
      // The rest of a task runs in the task's place: its tenant receives no more by it.
      const before = shares[priority].lastStartOf(tenant);
      const ownTag = shares[priority].begin(tenant, costMs * Math.min(demand, demandMax));
      startTags.set(task, ownTag);
      const startTag = isLast ? before : ownTag;
      return { task, urgency: { priority, tenant, startTag, costMs, isLast, deadlineMs, arrival } };
    },
    end(task) {
      const startTag = startTags.get(task);
      if (startTag !== undefined) shares[task.priority].end(startTag);
      startTags.delete(task);
    },
  };
}
