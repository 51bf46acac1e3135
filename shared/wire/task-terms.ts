import { z } from "zod";
import { deadlineMsMax } from "../limits.ts";

/** Identical tasks share a run only where this is the same. */
export const shareKeySchema = z.string().regex(/^[\w-]{16,128}$/u);

/** "interactive": someone waits for it. "batch": whenever there is room. */
export const priorities = ["interactive", "batch"] as const;

/** One of `priorities`. */
export type Priority = (typeof priorities)[number];

/** The form of a task's id. */
export const jobIdSchema = z.string().regex(/^[\w-]{16,64}$/u);

/** The format of the opaque tag of a tenant or a request. */
const tagSchema = z.string().regex(/^[\w-]{16,64}$/u);

/**
 * On which terms a task is done, as parameters of a query: they are signed with the target, and read before the body
 * is. What a task makes never depends on them.
 */
export const taskTermsParameters = {
  /** "interactive" when absent. */
  priority: z.enum(priorities).optional(),
  /** Milliseconds from arrival after which the result is useless. */
  deadlineMs: z
    .string()
    .regex(/^\d{1,9}$/u)
    .transform(Number)
    .pipe(z.int().min(1).max(deadlineMsMax))
    .optional(),
  /** Chosen by the caller and never used twice: the name by which the task can be cancelled. */
  jobId: jobIdSchema.optional(),
  /** The tenant: an HMAC of the account. A backend can distinguish accounts by it, but not identify them. */
  tenant: tagSchema.optional(),
  /** The client's request that the task is part of, as an HMAC. Once one of its tasks was let in, the others are. */
  request: tagSchema.optional(),
};

/** On which terms a task is done. Every field may be absent. */
export interface TaskTerms {
  readonly priority?: Priority | undefined;
  readonly deadlineMs?: number | undefined;
  readonly jobId?: string | undefined;
  readonly tenant?: string | undefined;
  readonly request?: string | undefined;
}

/** "name=value&…" of the terms that are there, and of other parameters before them: the one spelling that is signed. */
export function queryWithTerms(
  others: Readonly<Record<string, string | number | undefined>>,
  { priority, deadlineMs, jobId, tenant, request }: TaskTerms,
): string {
  return Object.entries({ ...others, priority, deadlineMs, jobId, tenant, request })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const placeSchema = z.object({
  priority: taskTermsParameters.priority.catch(undefined),
  tenant: taskTermsParameters.tenant.catch(undefined),
  request: taskTermsParameters.request.catch(undefined),
});

/** The terms that decide whether a task may wait. What is wrong about them counts as absent, and is refused later. */
export function placeIn(query: Readonly<Record<string, string>>): Pick<TaskTerms, "priority" | "tenant" | "request"> {
  return placeSchema.parse(query);
}
