import type { Context, Handler } from "hono";
import type { DetailedJob, JobList } from "../../shared/api/job.ts";
import { invalidRequest } from "../../shared/errors.ts";
import type { ImageLinks } from "../images/image-link.ts";
import type { Jobs, ReadJob } from "../jobs/client.ts";
import type { ListedJob } from "../jobs/job-list.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { jobAnswer, jobSummary, webhookAttemptAnswer } from "./job-answer.ts";
import { answerJobEvents } from "./job-events.ts";
import { readPage } from "./read-page.ts";

const notStored = { "cache-control": "no-store" };

/** What the routes need. */
export interface JobServices {
  readonly jobs: Jobs;
  readonly imageLinks: ImageLinks;
}

/** `GET /v1/jobs/{id}?cursor&limit`: a job with a page of its results; with `Accept: text/event-stream` its events. */
export function getJob(services: JobServices): Handler<AppEnv> {
  return async (c) => {
    if ((c.req.header("accept") ?? "").includes("text/event-stream")) return answerJobEvents(c, services);
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const { cursor = -1, limit } = page.value;
    const found = await services.jobs.of(c.get("account"), jobIdOf(c)).read({ after: cursor, limit });
    if (found === undefined) return noSuchJob(c);
    const presenter = { imageLinks: services.imageLinks, url: c.get("publicUrl") };
    return c.json(await jobAnswer(presenter, { ...found, limit }), 200, notStored);
  };
}

/** `GET /v1/jobs/{id}/events` */
export function getJobEvents(services: JobServices): Handler<AppEnv> {
  return (c) => answerJobEvents(c, services);
}

/** `POST /v1/jobs/{id}/cancel`: stops a job, or returns how it ended. What was made by then stays and is charged. */
export function cancelJob({ jobs }: JobServices): Handler<AppEnv> {
  return async (c) => {
    const view = await jobs.of(c.get("account"), jobIdOf(c)).cancel();
    return view === undefined ? noSuchJob(c) : c.json(jobSummary(view), 200, notStored);
  };
}

/** `DELETE /v1/jobs/{id}`: forgets a job that has ended, and its results. The latents stay. */
export function deleteJob({ jobs }: JobServices): Handler<AppEnv> {
  return async (c) => {
    const removed = await jobs.of(c.get("account"), jobIdOf(c)).remove();
    return removed.ok ? c.body(null, 204) : failureResponse(c, removed.error);
  };
}

/** Each job of a list with details is a call of its object, and an invocation may make 1,000. */
const detailedJobsMax = 100;

/** `GET /v1/jobs?cursor&limit&details`: the account's jobs, newest first; with details as `GET /v1/jobs/{id}`. */
export function listJobs({ jobs }: JobServices): Handler<AppEnv> {
  return async (c) => {
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const details = c.req.query("details") ?? "false";
    if (details !== "true" && details !== "false") {
      return failureResponse(c, invalidRequest("details", "'details' must be true or false."));
    }
    const isDetailed = details === "true";
    const { cursor = Number.MAX_SAFE_INTEGER } = page.value;
    const limit = isDetailed ? Math.min(page.value.limit, detailedJobsMax) : page.value.limit;
    const found = await jobs.listOf(c.get("account")).list(cursor, limit + 1);
    const shown = found.slice(0, limit);
    const hasMore = found.length > limit;
    const list: JobList = {
      object: "list",
      data: isDetailed ? await detailedJobs(jobs, c.get("account"), shown) : shown.map(listedJob),
      has_more: hasMore,
      next_cursor: hasMore ? String(shown.at(-1)?.place) : null,
    };
    return c.json(list, 200, notStored);
  };
}

/** A job as lists show it. */
export function listedJob({ jobId, state, createdMs, endedMs, requests }: ListedJob): JobList["data"][number] {
  return {
    object: "job",
    id: jobId,
    state,
    requests,
    created: Math.floor(createdMs / 1_000),
    ended: endedMs === undefined ? null : Math.floor(endedMs / 1_000),
  };
}

/** Those that were not deleted meanwhile. */
async function detailedJobs(jobs: Jobs, account: string, listed: readonly ListedJob[]): Promise<DetailedJob[]> {
  const found = await Promise.all(
    listed.map(async ({ jobId }) => await jobs.of(account, jobId).read({ after: -1, limit: 0 })),
  );
  return found.flatMap((job) => (job === undefined ? [] : [detailedJob(job)]));
}

function detailedJob({ view, webhookAttempts }: ReadJob): DetailedJob {
  return { ...jobSummary(view), requests: view.total, webhook_attempts: webhookAttempts.map(webhookAttemptAnswer) };
}

function jobIdOf(c: Context<AppEnv>): string {
  return c.req.param("id") ?? "";
}

/** Another account's job looks just like none: the account is part of the object's name. */
function noSuchJob(c: Context<AppEnv>): Response {
  return failureResponse(c, { code: "not_found", what: "job" });
}
