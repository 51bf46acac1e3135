import type { UsageEvent } from "./usage-event.ts";

/** One settlement by a ledger's own entries, which are kept for ever. */
export interface SettledEntry {
  /** Ascending. */
  readonly entry: number;
  /** The reservation's id, and its usage event's. */
  readonly id: string;
  readonly microUsd: number;
  /** The event as it was sent; undefined after a day, when the outcome is forgotten. */
  readonly event: UsageEvent | undefined;
}

/** Which entries are wanted: those after one, up to a moment in Unix milliseconds. */
export interface SettledPage {
  readonly afterEntry: number;
  readonly untilMs: number;
  readonly limit: number;
}
