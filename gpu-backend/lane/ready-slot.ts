import { setTimeout as delay } from "node:timers/promises";
import type { LaneProcess } from "./lane-process.ts";

/** Holds the process that takes tasks while there is one. */
export interface ReadySlot {
  get(): LaneProcess | undefined;
  /** Fills the slot and resolves all waiting calls. */
  fill(lane: LaneProcess): void;
  /** Empties the slot, if it is still this process that fills it. */
  clear(lane: LaneProcess): void;
  /** The process as soon as there is one; undefined after `msMax` milliseconds, or when the signal aborts. */
  wait(msMax: number, signal: AbortSignal): Promise<LaneProcess | undefined>;
}

/** An empty slot. */
export function createReadySlot(): ReadySlot {
  let ready: LaneProcess | undefined;
  const waiting = new Set<AbortController>();

  return {
    get: () => ready,
    fill(lane) {
      ready = lane;
      for (const waiter of waiting) waiter.abort();
    },
    clear(lane) {
      if (ready === lane) ready = undefined;
    },
    async wait(msMax, signal) {
      if (ready !== undefined) return ready;
      const woken = new AbortController();
      waiting.add(woken);
      await pause(msMax, AbortSignal.any([woken.signal, signal]));
      waiting.delete(woken);
      return ready;
    },
  };
}

/** Waits so long; ends early, without a complaint, when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
