import type { Priority } from "./job-terms.ts";

/** A job's place among others. */
export interface Urgency {
  readonly priority: Priority;
  /** Milliseconds on the server's own clock; Infinity without a deadline. */
  readonly deadlineMs: number;
  /** Counts up with every job that arrives, so that no two are equally urgent. */
  readonly arrival: number;
}

/** Negative when `a` comes before `b`: interactive first, then the earliest deadline, then who came first. */
export function compareUrgency(a: Urgency, b: Urgency): number {
  if (a.priority !== b.priority) return a.priority === "interactive" ? -1 : 1;
  // Not by difference: of two without a deadline that is no number.
  if (a.deadlineMs !== b.deadlineMs) return a.deadlineMs < b.deadlineMs ? -1 : 1;
  return a.arrival - b.arrival;
}
