import { z } from "zod";
import { imageItemSchema } from "./images-response.ts";

// What the job routes answer.

/** Where a job is. partial: some of its requests failed. */
export const jobStateSchema = z
  .enum(["queued", "running", "cancelling", "succeeded", "partial", "failed", "cancelled"])
  .meta({ id: "JobState" });

/** Where one request of a job is. */
export const itemStateSchema = z.enum(["queued", "running", "succeeded", "failed", "cancelled"]);

const countSchema = z.int().min(0);
const microUsdSchema = countSchema.describe("Micro-USD: millionths of a dollar.");
const secondsSchema = z.int().describe("Unix seconds.");

const progressSchema = z
  .object({
    requests: countSchema,
    queued: countSchema,
    running: countSchema,
    succeeded: countSchema,
    failed: countSchema,
    cancelled: countSchema,
  })
  .readonly()
  .meta({ id: "JobProgress" });

/** One request of a job and what became of it. */
export const jobResultSchema = z
  .object({
    index: countSchema.describe("Its place in the job's requests, from 0."),
    custom_id: z.string().nullable().describe("What its sender calls it."),
    state: itemStateSchema,
    data: z.array(imageItemSchema).readonly().optional().describe("The pictures, as links that expire."),
    micro_usd: microUsdSchema.optional().describe("The charge."),
    warnings: z.array(z.string()).readonly().optional(),
    error: z
      .object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() })
      .readonly()
      .optional(),
  })
  .readonly()
  .meta({ id: "JobResult" });

const resultsPageSchema = z
  .object({
    data: z.array(jobResultSchema).readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable().describe("Send it as ?cursor= for the next page."),
  })
  .readonly()
  .meta({ id: "JobResultPage" });

/** A job as its events report it: everything but the results. */
export const jobSummarySchema = z
  .object({
    object: z.literal("job"),
    id: z.string(),
    state: jobStateSchema,
    created: secondsSchema,
    started: secondsSchema.nullable(),
    ended: secondsSchema.nullable(),
    expires: secondsSchema.describe("The time until which it may run; after its end, the time of its deletion."),
    queue_position: countSchema.nullable().describe("Jobs of the account that start earlier; null unless queued."),
    progress: progressSchema,
    cost: z
      .object({
        currency: z.literal("usd"),
        micro_usd: microUsdSchema.describe("Charged so far."),
        ceiling_micro_usd: microUsdSchema.describe("The most that it can cost; held while it runs."),
      })
      .readonly(),
    webhook_url: z.string().nullable(),
    metadata: z.record(z.string(), z.string()).nullable().describe("As it was sent."),
  })
  .readonly()
  .meta({ id: "JobSummary" });

/** One delivery of the message that tells a job's end. */
export const webhookAttemptSchema = z
  .object({
    at: secondsSchema,
    outcome: z
      .enum(["delivered", "refused", "failed"])
      .describe("refused: the receiver answered 410, or the address is not allowed; it is not sent again."),
    status: z.int().nullable().describe("The HTTP status of the answer; null when there was none."),
    failure: z.enum(["address_refused", "unreachable", "internal"]).nullable().describe("Why there was no answer."),
    next: secondsSchema.nullable().describe("When it is sent again; null: not again."),
    redelivery: z.boolean().describe("Whether the account asked for it, by POST …/webhook/redeliver."),
  })
  .readonly()
  .meta({ id: "WebhookAttempt" });

/** The body of `GET /v1/jobs/{id}`. */
export const jobSchema = jobSummarySchema
  .unwrap()
  .extend({
    results: resultsPageSchema,
    webhook_attempts: z.array(webhookAttemptSchema).readonly().describe("Deliveries of its webhook, oldest first."),
  })
  .readonly()
  .meta({ id: "Job" });

/** One job of a list; with `?details=true` all but its results. */
const listedJobSchema = jobSummarySchema
  .unwrap()
  .partial()
  .required({ object: true, id: true, state: true, created: true, ended: true })
  .extend({ requests: countSchema, webhook_attempts: z.array(webhookAttemptSchema).readonly().optional() })
  .readonly()
  .meta({ id: "ListedJob" });

/** The body of `GET /v1/jobs`. */
export const jobListSchema = z
  .object({
    object: z.literal("list"),
    data: z.array(listedJobSchema).readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .readonly()
  .meta({ id: "JobList" });

/** Where a job is. */
export type JobState = z.infer<typeof jobStateSchema>;

/** Where one request of a job is. */
export type ItemState = z.infer<typeof itemStateSchema>;

/** One request of a job and what became of it. */
export type JobResult = z.infer<typeof jobResultSchema>;

/** A job without its results. */
export type JobSummary = z.infer<typeof jobSummarySchema>;

/** A job with one page of its results. */
export type JobAnswer = z.infer<typeof jobSchema>;

/** One job of a list with `?details=true`. */
export type DetailedJob = JobSummary & {
  readonly requests: number;
  readonly webhook_attempts: readonly WebhookAttemptAnswer[];
};

/** One page of an account's jobs, newest first. */
export type JobList = z.infer<typeof jobListSchema>;

/** One delivery of a job's webhook. */
export type WebhookAttemptAnswer = z.infer<typeof webhookAttemptSchema>;
