import { z } from "zod";

/**
 * A part of a task: from the beginning of its first run to the end of its last, in milliseconds of the task's own time.
 */
export const taskPartSchema = z.object({
  part: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  /** Runs of graphs; between them other tasks may have had the device. */
  runs: z.int().min(1),
});

/** See `taskPartSchema`. */
export type TaskPart = z.infer<typeof taskPartSchema>;

/** Collects the parts of one task. */
export interface Timeline {
  /** A run from one moment to another, by the clock that `startedMs` was read from. */
  add(part: string, fromMs: number, toMs: number): void;
  /** In the order of their beginning. */
  parts(): TaskPart[];
}

/** Of a task that began at `startedMs`. */
export function createTimeline(startedMs: number): Timeline {
  const parts = new Map<string, TaskPart>();
  return {
    add(part, fromMs, toMs) {
      const known = parts.get(part) ?? { part, startMs: fromMs - startedMs, endMs: 0, runs: 0 };
      parts.set(part, { ...known, endMs: toMs - startedMs, runs: known.runs + 1 });
    },
    parts: () => [...parts.values()],
  };
}
