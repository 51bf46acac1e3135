import { z } from "zod";

/** A part of a job: from the beginning of its first run to the end of its last, in milliseconds of the job's own time. */
export const jobPartSchema = z.object({
  part: z.string(),
  startMs: z.number(),
  endMs: z.number(),
  /** Runs of graphs; between them other jobs may have had the device. */
  runs: z.int().min(1),
});

/** See `jobPartSchema`. */
export type JobPart = z.infer<typeof jobPartSchema>;

/** Collects the parts of one job. */
export interface Timeline {
  /** A run from one moment to another, by the clock that `startedMs` was read from. */
  add(part: string, fromMs: number, toMs: number): void;
  /** In the order of their beginning. */
  parts(): JobPart[];
}

/** Of a job that began at `startedMs`. */
export function createTimeline(startedMs: number): Timeline {
  const parts = new Map<string, JobPart>();
  return {
    add(part, fromMs, toMs) {
      const known = parts.get(part) ?? { part, startMs: fromMs - startedMs, endMs: 0, runs: 0 };
      parts.set(part, { ...known, endMs: toMs - startedMs, runs: known.runs + 1 });
    },
    parts: () => [...parts.values()],
  };
}
