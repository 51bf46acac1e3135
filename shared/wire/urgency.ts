import type { Priority } from "./task-terms.ts";

/** A running task's place among others. */
export interface Urgency {
  readonly priority: Priority;
  /** Opaque; tasks without one are one tenant's. */
  readonly tenant: string;
  /** Its tenant's share so far, in virtual time (`gpu-backend/scheduling/fair-share.ts`). */
  readonly startTag: number;
  /** What it takes of the device, in milliseconds as they are expected: the unit of virtual time. */
  readonly costMs: number;
  /** Whether it ends what other tasks began. */
  readonly isLast: boolean;
  /** Milliseconds on the server's own clock; Infinity without a deadline. */
  readonly deadlineMs: number;
  /** Counts up with every task that arrives, so that no two are equally urgent. */
  readonly arrival: number;
}

/**
 * Negative when `a` comes before `b`: interactive first, then whose tenant had least, then the earliest deadline, then
 * who came first.
 */
export function compareUrgency(a: Urgency, b: Urgency): number {
  if (a.priority !== b.priority) return a.priority === "interactive" ? -1 : 1;
  if (a.startTag !== b.startTag) return a.startTag - b.startTag;
  // Not by difference: of two without a deadline that is no number.
  if (a.deadlineMs !== b.deadlineMs) return a.deadlineMs < b.deadlineMs ? -1 : 1;
  return a.arrival - b.arrival;
}
