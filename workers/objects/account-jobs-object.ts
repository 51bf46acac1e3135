import { DurableObject } from "cloudflare:workers";
import { type JobEnd, JobList, type NewListedJob } from "../jobs/job-list.ts";
import { RedeliveryRate } from "../jobs/redelivery-rate.ts";
import { platform } from "../platform.ts";
import { formatWebhookSecret } from "../webhooks/sign-webhook.ts";
import { WebhookSecrets } from "../webhooks/webhook-secrets.ts";

/** 256 bits, as long as the signature. */
const secretBytes = 32;

/** The Durable Object of one account's list of jobs, and of what their webhooks are signed with. See `JobList`. */
export class AccountJobsObject extends DurableObject<unknown> {
  readonly #list: JobList;
  readonly #secrets: WebhookSecrets;
  readonly #redeliveries = new RedeliveryRate();

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#list = new JobList(state.storage);
    const newSecret = () => formatWebhookSecret(platform().randomBytes(secretBytes));
    this.#secrets = new WebhookSecrets(state.storage.sql, newSecret);
  }

  look(jobId: string) {
    return this.#list.look(jobId);
  }

  add(job: NewListedJob) {
    return this.#list.add(job);
  }

  enter(jobId: string) {
    return this.#list.enter(jobId);
  }

  ahead(jobId: string) {
    return this.#list.ahead(jobId);
  }

  end(end: JobEnd) {
    return this.#list.end(end);
  }

  remove(jobId: string) {
    this.#list.remove(jobId);
  }

  list(before: number, limit: number) {
    return this.#list.list(before, limit);
  }

  webhookSecrets() {
    return this.#secrets.valid(platform().nowMs());
  }

  takeRedelivery() {
    return this.#redeliveries.take(platform().nowMs());
  }

  rotateWebhookSecret() {
    return this.#secrets.rotate(platform().nowMs());
  }
}
