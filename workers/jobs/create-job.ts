import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { CreatedJob, Jobs } from "./client.ts";
import type { JobOrder } from "./job-record.ts";

/** What the creation of a job asks. */
export interface JobCreators {
  readonly jobs: Jobs;
  readonly accounts: Accounts;
}

/**
 * Creates a job, or finds the one that the same body created. A new job without credit is refused before it has an
 * object, so that callers who cannot pay use no storage. The job's object holds the money as well, since the credit may
 * be spent meanwhile. Fails with `too_many_jobs`, as `AccountBook.hold`, or with `job_id_reused`.
 */
export async function createJob(
  { jobs, accounts }: JobCreators,
  order: JobOrder,
): Promise<Result<CreatedJob, Failure>> {
  const { account, jobId, keyId, ceilingMicroUsd } = order;
  const seen = await jobs.listOf(account).look(jobId);
  if (!seen.ok) return seen;
  if (!seen.value.isListed) {
    const holdable = await accounts.of(account).checkHold({ keyId, ceilingMicroUsd });
    if (!holdable.ok) return holdable;
  }
  return jobs.of(account, jobId).create(order);
}
