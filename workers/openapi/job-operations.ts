import { createJobBodySchema, jobIdPattern } from "../../shared/api/create-job-request.ts";
import { jobListSchema, jobSchema, jobSummarySchema, webhookAttemptSchema } from "../../shared/api/job.ts";
import { webhookSecretResponseSchema } from "../../shared/api/webhook-secret.ts";
import type { ServedModels } from "../models/model.ts";
import { type Answer, type BodySchema, jsonBody, named, type Operations, type Parameter } from "./operation.ts";
import { pageParameters } from "./page-parameters.ts";
import { servedBody } from "./served-body.ts";

const jobIdParameter: Parameter = {
  in: "path",
  name: "id",
  description: "The job's id, chosen by you.",
  required: true,
  schema: { json: { type: "string", pattern: jobIdPattern.source } },
};

const lastEventParameter: Parameter = {
  in: "header",
  name: "Last-Event-ID",
  description: "The id of the last event that was received.",
  required: false,
  schema: { json: { type: "string" } },
};

const detailsParameter: Parameter = {
  in: "query",
  name: "details",
  description: "Whether each job has all but its results, as `GET /v1/jobs/{id}`. A page has 100 such jobs at most.",
  required: false,
  schema: { json: { type: "string", enum: ["true", "false"], default: "false" } },
};

const events: BodySchema = {
  json: {
    contentMediaType: "text/event-stream",
    description: "The `data` of each `job` event is a `JobSummary`, of each `result` event a `JobResult`.",
  },
};
const eventsOver: Answer = { description: "The job has ended, and the client has received all events." };

const jobs = { tag: "Jobs" };

function answered(schema: BodySchema, description: string): Answer {
  return { description, content: jsonBody(schema) };
}

/** Work that outlives its request, and how its end is told. */
export function jobOperations(models: ServedModels) {
  return {
    putJob: {
      ...jobs,
      summary: "Create a job of up to 10,000 requests",
      description: "The same body again returns the same job. The most that it can cost is held until it ends.",
      parameters: [jobIdParameter],
      body: jsonBody(named("CreateJobRequest", servedBody(createJobBodySchema, models))),
      answers: {
        200: answered(jobSummarySchema, "It was there."),
        201: answered(jobSummarySchema, "It is there now."),
      },
      failures: [
        "invalid_request",
        "unsupported_media_type",
        "payload_too_large",
        "job_id_reused",
        "insufficient_quota",
        "key_budget_exceeded",
        "too_many_jobs",
      ],
    },
    ...readOperations,
    ...endOperations,
    ...webhookOperations,
  } satisfies Operations;
}

const readOperations = {
  getJob: {
    ...jobs,
    summary: "Get a job and a page of its results",
    description: "With `Accept: text/event-stream`, its events instead.",
    parameters: [jobIdParameter, ...pageParameters, lastEventParameter],
    answers: {
      200: { description: "The job.", content: { "application/json": jobSchema, "text/event-stream": events } },
      204: eventsOver,
    },
    failures: ["invalid_request", "not_found"],
  },
  getJobEvents: {
    ...jobs,
    summary: "Stream a job's progress",
    parameters: [jobIdParameter, lastEventParameter],
    answers: { 200: { description: "The events.", content: { "text/event-stream": events } }, 204: eventsOver },
    failures: ["not_found"],
  },
  listJobs: {
    ...jobs,
    summary: "List the account's jobs, newest first",
    parameters: [detailsParameter, ...pageParameters],
    answers: { 200: answered(jobListSchema, "The jobs.") },
    failures: ["invalid_request"],
  },
} satisfies Operations;

const endOperations = {
  cancelJob: {
    ...jobs,
    summary: "Cancel a job",
    parameters: [jobIdParameter],
    answers: { 200: answered(jobSummarySchema, "The job.") },
    failures: ["not_found"],
  },
  deleteJob: {
    ...jobs,
    summary: "Delete a job that has ended",
    parameters: [jobIdParameter],
    answers: { 204: { description: "Deleted." } },
    failures: ["not_found", "job_not_ended"],
  },
} satisfies Operations;

const webhookOperations = {
  redeliverWebhook: {
    ...jobs,
    summary: "Send the webhook of a job's end again",
    description:
      "Sends the same message once, with the same `webhook-id`, and answers what became of it. It is listed under the " +
      "job's `webhook_attempts`. An account may ask for 30 a minute.",
    parameters: [jobIdParameter],
    answers: { 200: answered(webhookAttemptSchema, "What became of the delivery.") },
    failures: ["not_found", "job_not_ended", "job_without_webhook", "rate_limit_exceeded"],
  },
  getWebhookSecret: {
    ...jobs,
    summary: "Get the secret that signs webhooks",
    answers: { 200: answered(webhookSecretResponseSchema, "The secret.") },
    failures: [],
  },
  rotateWebhookSecret: {
    ...jobs,
    summary: "Replace the secret",
    answers: { 200: answered(webhookSecretResponseSchema, "The new secret.") },
    failures: [],
  },
} satisfies Operations;
