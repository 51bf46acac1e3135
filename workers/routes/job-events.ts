import type { Context } from "hono";
import type { ImageLinks } from "../images/image-link.ts";
import type { JobClient, JobPage, Jobs } from "../jobs/client.ts";
import { isEnd } from "../jobs/job-record.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { type JobPresenter, jobResult, jobSummary } from "./job-answer.ts";

/** Keeps a silent connection open, and shows the platform that somebody still reads. */
const heartbeat = ": still here\n\n";

/**
 * A job's progress as server-sent events: `job` with its summary whenever that has changed, and `result` for each
 * request that ends. A result's id is its place among the ends, so a client that returns with `Last-Event-ID` misses
 * none. The stream closes when the job ends; a client that returns after that receives 204, after which browsers stop.
 */
export async function answerJobEvents(
  c: Context<AppEnv>,
  { jobs, imageLinks }: { readonly jobs: Jobs; readonly imageLinks: ImageLinks },
): Promise<Response> {
  const job = jobs.of(c.get("account"), c.req.param("id") ?? "");
  const lastId = c.req.header("last-event-id") ?? "";
  const place = /^\d{1,15}$/u.test(lastId) ? Number(lastId) : 0;
  const first = await job.news({ place, state: "" });
  if (first === undefined) return failureResponse(c, { code: "not_found", what: "job" });
  if (place > 0 && isOver(first)) return c.body(null, 204);
  c.header("content-type", "text/event-stream");
  c.header("cache-control", "no-store");
  return c.body(eventStream(job, first, { imageLinks, url: c.get("publicUrl") }));
}

/** One look at the job a pull, so a client that reads slowly is told slowly, and nothing piles up here. */
function eventStream(job: JobClient, first: JobPage, presenter: JobPresenter): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let summary = "";
  let seen = { place: 0, state: "" };
  let next: Promise<JobPage | undefined> = Promise.resolve(first);
  return new ReadableStream({
    async pull(controller) {
      const page = await next;
      if (page === undefined) return controller.close();
      const before = summary;
      summary = JSON.stringify(jobSummary(page.view));
      const results = await Promise.all(page.items.map((item) => resultEvent(presenter, item)));
      const text = `${results.join("")}${summary === before ? "" : `event: job\ndata: ${summary}\n\n`}`;
      controller.enqueue(encoder.encode(text === "" ? heartbeat : text));
      if (isOver(page)) return controller.close();
      seen = { place: page.items.at(-1)?.place ?? seen.place, state: page.view.state };
      next = job.news(seen);
    },
  });
}

/** Over when the job has ended and all its results were told. */
function isOver({ view, items }: JobPage): boolean {
  return isEnd(view.state) && items.length === 0;
}

async function resultEvent(presenter: JobPresenter, item: JobPage["items"][number]): Promise<string> {
  return `id: ${item.place ?? 0}\nevent: result\ndata: ${JSON.stringify(await jobResult(presenter, item))}\n\n`;
}
