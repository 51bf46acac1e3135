import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import { type ObjectNamespace, objectClient } from "../edge/object-client.ts";
import type { WebhookAttempt } from "../webhooks/webhook-attempts.ts";
import type { WebhookMessage } from "../webhooks/webhook-message.ts";
import type { WebhookSecret } from "../webhooks/webhook-secrets.ts";
import type { JobEnd, ListedJob, NewListedJob } from "./job-list.ts";
import type { ItemView, JobOrder, JobView } from "./job-record.ts";

/** A job that exists now. */
export interface CreatedJob {
  /** False when the same job was there before. */
  readonly isNew: boolean;
  readonly view: JobView;
}

/** A stretch of a job's requests, in their order: at most `limit`, after the one numbered `after`. */
export interface ItemsPage {
  readonly after: number;
  readonly limit: number;
}

/** A job and some of its requests. */
export interface JobPage {
  readonly view: JobView;
  readonly items: readonly ItemView[];
}

/** A job, some of its requests, and the deliveries of its webhook. */
export interface ReadJob extends JobPage {
  /** The oldest first. */
  readonly webhookAttempts: readonly WebhookAttempt[];
}

/** What a follower of a job has seen of it. */
export interface SeenNews {
  /** The place of the last end. */
  readonly place: number;
  /** The job's state; empty for a new follower. */
  readonly state: string;
}

/** The methods of the Durable Object of one job. Each may be repeated; see `Job`. */
export interface JobClient {
  create(order: JobOrder): Promise<Result<CreatedJob, Failure>>;
  read(page: ItemsPage): Promise<ReadJob | undefined>;
  noteWebhook(messageId: string, attempt: WebhookAttempt): Promise<void>;
  endMessage(): Promise<Result<WebhookMessage, Failure>>;
  news(seen: SeenNews): Promise<JobPage | undefined>;
  cancel(): Promise<JobView | undefined>;
  remove(): Promise<Result<undefined, Failure>>;
  wake(): Promise<void>;
}

/** The methods of the Durable Object of one account's jobs. Each may be repeated; see `JobList`. */
export interface JobListClient {
  look(jobId: string): Promise<Result<{ readonly isListed: boolean }, Failure>>;
  add(job: NewListedJob): Promise<Result<undefined, Failure>>;
  enter(jobId: string): Promise<number>;
  ahead(jobId: string): Promise<number>;
  end(end: JobEnd): Promise<readonly string[]>;
  remove(jobId: string): Promise<void>;
  list(before: number, limit: number): Promise<readonly ListedJob[]>;
  /** The secrets by which the account's webhooks are signed, newest first: see `WebhookSecrets`. */
  webhookSecrets(): Promise<readonly WebhookSecret[]>;
  rotateWebhookSecret(): Promise<readonly WebhookSecret[]>;
  /** Counts a delivery that was asked for. Fails with `rate_limit_exceeded`. */
  takeRedelivery(): Promise<Result<undefined, Failure>>;
}

/** All jobs, and each account's list of them. */
export interface Jobs {
  of(account: string, jobId: string): JobClient;
  listOf(account: string): JobListClient;
}

/** Jobs in Durable Objects, one a job and one an account. */
export function createJobs(jobs: ObjectNamespace<JobClient>, lists: ObjectNamespace<JobListClient>): Jobs {
  return {
    // No account's id holds a slash.
    of: (account, jobId) => objectClient(() => jobs.getByName(`${account}/${jobId}`)),
    listOf: (account) => objectClient(() => lists.getByName(account)),
  };
}
