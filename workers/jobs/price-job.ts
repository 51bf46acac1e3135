import { type CreateJobRequest, faultOfRequest } from "../../shared/api/create-job-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { planCeilingMicroUsd } from "../generation/charge-request.ts";
import { type Planner, planRequest } from "../generation/plan-request.ts";

/**
 * The most that a job can cost, in micro-USD. Plans each request and keeps none of the plans. Fails on the first
 * request that the model cannot do, naming its place.
 */
export async function jobCeilingMicroUsd(
  planner: Planner,
  account: string,
  { requests }: CreateJobRequest,
): Promise<Result<number, Failure>> {
  let ceiling = 0;
  for (const [index, { request }] of requests.entries()) {
    const planned = await planRequest(planner, account, request);
    if (!planned.ok) return err(faultOfRequest(index, planned.error));
    ceiling += planCeilingMicroUsd(planned.value.plan);
  }
  return ok(ceiling);
}
