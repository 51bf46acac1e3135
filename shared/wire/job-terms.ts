import { z } from "zod";
import { deadlineMsMax } from "../limits.ts";

/** "interactive": someone waits for it. "batch": whenever there is room. */
export const priorities = ["interactive", "batch"] as const;

/** One of `priorities`. */
export type Priority = (typeof priorities)[number];

/** The form of a job's id. */
export const jobIdSchema = z.string().regex(/^[\w-]{16,64}$/u);

/** On which terms a job is done, as fields of a request. What a job makes never depends on them. */
export const jobTermsFields = {
  /** "interactive" when absent. */
  priority: z.enum(priorities).optional(),
  /** Milliseconds from arrival after which nobody wants the result any more. */
  deadlineMs: z.int().min(1).max(deadlineMsMax).optional(),
  /** Chosen by the caller and never used twice: the name by which the job can be cancelled. */
  jobId: jobIdSchema.optional(),
};

/** The same as parameters of a query. */
export const jobTermsParameters = {
  ...jobTermsFields,
  deadlineMs: z
    .string()
    .regex(/^\d{1,9}$/u)
    .transform(Number)
    .pipe(z.int().min(1).max(deadlineMsMax))
    .optional(),
};

/** On which terms a job is done. Every field may be absent. */
export interface JobTerms {
  readonly priority?: Priority | undefined;
  readonly deadlineMs?: number | undefined;
  readonly jobId?: string | undefined;
}
