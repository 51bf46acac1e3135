import { compareUrgency, type Urgency } from "../../shared/wire/urgency.ts";
import type { BatchRule } from "./batch-rule.ts";

/** A run of a graph that a job waits for, as far as it decides what runs next. */
export interface QueuedCall {
  readonly urgency: Urgency;
  /** Only calls of one key can share a run. */
  readonly key: string;
  readonly rows: number;
}

/** The call that runs next; undefined when none waits. Among equals, the one that waits longest. */
export function mostUrgent<Call extends QueuedCall>(waiting: readonly Call[]): Call | undefined {
  return waiting.reduce<Call | undefined>(
    (best, call) => (best === undefined || compareUrgency(call.urgency, best.urgency) < 0 ? call : best),
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
