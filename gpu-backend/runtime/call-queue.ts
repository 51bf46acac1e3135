import { compareUrgency, type Urgency } from "../../shared/wire/urgency.ts";
import type { BatchRule } from "./batch-rule.ts";

/** A run of a graph that a task waits for, as far as it decides what runs next. */
export interface QueuedCall {
  readonly urgency: Urgency;
  /** Only calls of one key can share a run. */
  readonly key: string;
  readonly rows: number;
  /** Whether its graph runs once a task, and is not a step of a sampler. */
  readonly isOnce: boolean;
}

/**
 * Negative when `a` runs before `b`. Within a class, what runs once a task goes first: it lets a task into a batch, or
 * ends one, and behind the steps of an older task it would wait for all of them.
 */
export function compareCalls(a: QueuedCall, b: QueuedCall): number {
  const isSameClass = a.urgency.priority === b.urgency.priority;
  if (isSameClass && a.isOnce !== b.isOnce) return a.isOnce ? -1 : 1;
  return compareUrgency(a.urgency, b.urgency);
}

/** The call that runs next; undefined when none waits. Among equals, the one that waits longest. */
export function mostUrgent<Call extends QueuedCall>(waiting: readonly Call[]): Call | undefined {
  return waiting.reduce<Call | undefined>(
    (best, call) => (best === undefined || compareCalls(call, best) < 0 ? call : best),
    undefined,
  );
}

/** `leader` and whoever may run with it, most urgent first, without exceeding the rule. */
export function companionsOf<Call extends QueuedCall>(
  leader: Call,
  waiting: readonly Call[],
  { rowsMin, rowsMax }: BatchRule,
): Call[] {
  if (leader.rows < rowsMin) return [leader];
  const others = waiting
    .filter((call) => call !== leader && call.key === leader.key && call.rows >= rowsMin)
    .toSorted((a, b) => compareUrgency(a.urgency, b.urgency));
  const batch = [leader];
  let rows = leader.rows;
  for (const call of others) {
    if (rows + call.rows > rowsMax) break;
    batch.push(call);
    rows += call.rows;
  }
  return batch;
}
