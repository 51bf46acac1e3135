import { z } from "zod";
import type { Failure } from "../errors.ts";
import { grantMicroUsdMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";

/** The body of `POST /v1/admin/accounts/{account}/grants`. */
export const grantBodySchema = z.strictObject({
  /** Chosen by the operator; the same id is credited once. */
  grant_id: z.string().regex(/^[\w.:-]{1,128}$/u),
  micro_usd: z.int().min(1).max(grantMicroUsdMax),
});

/** A checked grant of credit. */
export interface GrantRequest {
  readonly grantId: string;
  readonly microUsd: number;
}

/** Reads the body of `POST /v1/admin/accounts/{account}/grants`. Fails with `invalid_request` naming the field. */
export function parseGrantRequest(json: unknown): Result<GrantRequest, Failure> {
  const parsed = grantBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  return ok({ grantId: parsed.data.grant_id, microUsd: parsed.data.micro_usd });
}
