import { z } from "zod";
import type { Failure } from "../errors.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";

/** Where a backend is asked to check the files of a model: POST, JSON both ways. `model_not_found` if it lacks it. */
export const checkModelPath = "/check-model";

const nameSchema = z.string().min(1).max(128);

const requestSchema = z.strictObject({
  model: nameSchema,
  revision: nameSchema,
  /** Every revision that the edge offers, this one too: a backend removes none of them that it fetched. */
  listed: z.array(nameSchema).optional(),
});

/** Names a model and its revision. */
export type CheckModelRequest = z.infer<typeof requestSchema>;

/** The backend's reading of a request. Fails with `invalid_request` naming the field. */
export function parseCheckModelRequest(json: unknown): Result<CheckModelRequest, Failure> {
  const parsed = requestSchema.safeParse(json);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, json));
}
