import type { JobAnswer, JobResult, JobSummary, WebhookAttemptAnswer } from "../../shared/api/job.ts";
import type { ImageLinks } from "../images/image-link.ts";
import type { ReadJob } from "../jobs/client.ts";
import type { ItemOutcome, ItemView, JobView } from "../jobs/job-record.ts";
import type { WebhookAttempt } from "../webhooks/webhook-attempts.ts";

/** What turning a job into an answer takes. */
export interface JobPresenter {
  readonly imageLinks: ImageLinks;
  /** The request's public URL: links point back to where the client reached us. */
  readonly url: string;
}

/** A job without its results. */
export function jobSummary(view: JobView): JobSummary {
  const { succeeded, failed, cancelled } = view.counts;
  const ended = succeeded + failed + cancelled;
  return {
    object: "job",
    id: view.jobId,
    state: view.state,
    created: toSeconds(view.createdMs),
    started: view.startedMs === undefined ? null : toSeconds(view.startedMs),
    ended: view.endedMs === undefined ? null : toSeconds(view.endedMs),
    expires: toSeconds(view.expiresMs),
    queue_position: view.queuePosition ?? null,
    progress: {
      requests: view.total,
      queued: Math.max(0, view.total - ended - view.running),
      running: view.running,
      succeeded,
      failed,
      cancelled,
    },
    cost: { currency: "usd", micro_usd: view.microUsd, ceiling_micro_usd: view.ceilingMicroUsd },
    webhook_url: view.webhookUrl ?? null,
    metadata: view.metadata ?? null,
  };
}

/** A job with a page of its results, which has more when it is full. */
export async function jobAnswer(
  presenter: JobPresenter,
  { view, items, webhookAttempts, limit }: ReadJob & { readonly limit: number },
): Promise<JobAnswer> {
  const last = items.at(-1)?.item;
  const hasMore = items.length === limit && last !== undefined && last + 1 < view.total;
  return {
    ...jobSummary(view),
    results: {
      data: await Promise.all(items.map((item) => jobResult(presenter, item))),
      has_more: hasMore,
      next_cursor: hasMore ? String(last) : null,
    },
    webhook_attempts: webhookAttempts.map(webhookAttemptAnswer),
  };
}

/** One delivery of a job's webhook. */
export function webhookAttemptAnswer(attempt: WebhookAttempt): WebhookAttemptAnswer {
  const { atMs, outcome, status, failure, nextMs, isRedelivery = false } = attempt;
  return {
    at: toSeconds(atMs),
    outcome,
    status: status ?? null,
    failure: failure ?? null,
    next: nextMs === undefined ? null : toSeconds(nextMs),
    redelivery: isRedelivery,
  };
}

/** One request of a job, its pictures as links that are made now. */
export async function jobResult(
  presenter: JobPresenter,
  { item, customId, state, outcome }: ItemView,
): Promise<JobResult> {
  const result = { index: item, custom_id: customId ?? null, state };
  if (outcome?.state === "failed") return { ...result, error: outcome.error };
  if (outcome?.state !== "succeeded") return result;
  const { warnings, microUsd } = outcome;
  return { ...result, data: await pictureLinks(presenter, outcome), micro_usd: microUsd, warnings };
}

function pictureLinks(
  { imageLinks, url }: JobPresenter,
  { pictures, decode }: Extract<ItemOutcome, { state: "succeeded" }>,
) {
  return Promise.all(
    pictures.map(async ({ seed, latentId, tier, ageSeconds }) => {
      const link = await imageLinks.create({ latentId, options: decode });
      return { url: new URL(link, url).href, seed, latent_id: latentId, tier, age_seconds: ageSeconds };
    }),
  );
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
