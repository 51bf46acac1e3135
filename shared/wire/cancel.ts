import { z } from "zod";
import type { Failure } from "../errors.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { jobIdSchema } from "./task-terms.ts";

/** Where a task is cancelled: POST, JSON both ways. */
export const cancelPath = "/cancel";

const requestSchema = z.strictObject({ jobId: jobIdSchema });

/** Names the task to cancel. */
export type CancelRequest = z.infer<typeof requestSchema>;

const responseSchema = z.object({
  /** False when no such task waits or runs, or it was done before it could be stopped. */
  cancelled: z.boolean(),
  /** The device time of a cancelled task. A finished task's own answer states its time. */
  gpuMilliseconds: z.number().min(0),
  /** The part of its steps that had run: 0 before the first one, 1 for a task that was done. */
  doneShare: z.number().min(0).max(1).default(0),
});

/** What became of it. */
export type CancelResponse = z.infer<typeof responseSchema>;

/** The edge's reading of the answer; undefined when it is not one. */
export function parseCancelResponse(json: unknown): CancelResponse | undefined {
  return responseSchema.safeParse(json).data;
}

/** The backend's reading of a cancellation. Fails with `invalid_request` naming the field. */
export function parseCancelRequest(json: unknown): Result<CancelRequest, Failure> {
  const parsed = requestSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, json));
}
