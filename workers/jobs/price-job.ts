import { type CreateJobRequest, faultOfRequest } from "../../shared/api/create-job-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { ceilingMicroUsdOf } from "../generation/measure-request.ts";
import { type Pricer, priceRequest } from "../generation/price-request.ts";

/**
 * The most that a job can cost, in micro-USD. Fails on the first request that the model cannot do, naming its place.
 */
export async function jobCeilingMicroUsd(
  pricer: Pricer,
  { requests }: CreateJobRequest,
): Promise<Result<number, Failure>> {
  let ceiling = 0;
  for (const [index, { request }] of requests.entries()) {
    const priced = await priceRequest(pricer, request);
    if (!priced.ok) return err(faultOfRequest(index, priced.error));
    ceiling += ceilingMicroUsdOf(priced.value);
  }
  return ok(ceiling);
}
