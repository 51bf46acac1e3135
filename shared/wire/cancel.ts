import { z } from "zod";
import type { Failure } from "../errors.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { jobIdSchema } from "./job-terms.ts";

/** Where a job is cancelled: POST, JSON both ways. */
export const cancelPath = "/cancel";

const requestSchema = z.strictObject({ jobId: jobIdSchema });

/** Names the job that nobody wants any more. */
export type CancelRequest = z.infer<typeof requestSchema>;

/** What became of it. */
export interface CancelResponse {
  /** False when no such job waits or runs, or it was done before it could be stopped. */
  readonly cancelled: boolean;
  /** What a cancelled job had used of the device. What a job that was done has used, its own answer tells. */
  readonly gpuMilliseconds: number;
}

/** The backend's reading of a cancellation. Fails with `invalid_request` naming the field. */
export function parseCancelRequest(json: unknown): Result<CancelRequest, Failure> {
  const parsed = requestSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, json));
}
