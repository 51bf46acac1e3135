import { type CreateJobRequest, faultOfRequest } from "../../shared/api/create-job-request.ts";
import { ofDefault, type RequestDefaults } from "../../shared/api/request-defaults.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { ceilingMicroUsdOf } from "../generation/measure-request.ts";
import { type Pricer, priceRequest } from "../generation/price-request.ts";

/**
 * The most that a job can cost, in micro-USD. Fails on the first request that the model cannot do, naming its place,
 * and says where a default of the key is at fault.
 */
export async function jobCeilingMicroUsd(
  pricer: Pricer,
  { requests }: CreateJobRequest,
  ofKey: RequestDefaults | undefined,
): Promise<Result<number, Failure>> {
  let ceiling = 0;
  for (const [index, { request, written }] of requests.entries()) {
    const priced = await priceRequest(pricer, request);
    if (!priced.ok) return err(faultOfRequest(index, ofDefault(priced.error, written, ofKey)));
    ceiling += ceilingMicroUsdOf(priced.value);
  }
  return ok(ceiling);
}
