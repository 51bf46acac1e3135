import type { Handler } from "hono";
import type { Erasure } from "../../shared/api/account-data.ts";
import type { Accounts } from "../account/client.ts";
import type { JobListClient, Jobs } from "../jobs/client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { ChargeLines } from "../usage/charge-lines.ts";
import { notStored } from "./admin-accounts.ts";
import { lacksScope } from "./whole-account.ts";

/** What the route needs. */
export interface ErasureServices {
  readonly accounts: Accounts;
  readonly jobs: Jobs;
  readonly charges: ChargeLines;
}

/** Jobs of one call: each takes some three calls of the 1,000 that an invocation may make. */
const jobsMax = 200;

/** Charge lines of one statement, and statements of one call: D1 gives each statement 30 s. */
const linesMax = 5_000;
const statementsMax = 50;

/**
 * `DELETE /v1/account/data`: latents, what tells of prompts, jobs and their results, and of each charge what it was
 * for. Amounts and the ledger stay, as books must, and so do the account and its keys. May be repeated.
 */
export function eraseAccount({ accounts, jobs, charges }: ErasureServices): Handler<AppEnv> {
  return async (c) => {
    const lacking = lacksScope(c);
    if (lacking !== undefined) return failureResponse(c, lacking);
    const account = c.get("account");
    // First the jobs: one that still runs would make latents.
    const erasedJobs = await eraseJobs(jobs, account);
    const actor = { name: c.get("keyId"), requestId: c.get("requestId") };
    const latents = await accounts.of(account).eraseLatents(actor);
    const erasedLines = await eraseLines(charges, account);
    const erasure: Erasure = {
      object: "erasure",
      complete: erasedJobs.complete && erasedLines.complete,
      latents,
      jobs: erasedJobs.count,
      charges: erasedLines.count,
    };
    return c.json(erasure, 200, notStored);
  };
}

interface Erased {
  readonly count: number;
  /** Whether none is left. */
  readonly complete: boolean;
}

/** Deletes jobs, and stops those that have not ended: they can be deleted once they have. */
async function eraseJobs(jobs: Jobs, account: string): Promise<Erased> {
  const list: JobListClient = jobs.listOf(account);
  const listed = await list.list(Number.MAX_SAFE_INTEGER, jobsMax + 1);
  let count = 0;
  for (const { jobId } of listed.slice(0, jobsMax)) {
    const job = jobs.of(account, jobId);
    await job.cancel();
    const removed = await job.remove();
    // One that was deleted meanwhile is gone as well.
    if (removed.ok || removed.error.code === "not_found") count += 1;
  }
  return { count, complete: count === listed.length };
}

async function eraseLines(charges: ChargeLines, account: string): Promise<Erased> {
  let count = 0;
  for (let statement = 0; statement < statementsMax; statement += 1) {
    const found = await charges.erase(account, linesMax);
    count += found;
    if (found < linesMax) return { count, complete: true };
  }
  return { count, complete: false };
}
