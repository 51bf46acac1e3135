import { setImmediate as nextTurn } from "node:timers/promises";
import type { Context } from "hono";
import { err, type Result } from "../../shared/result.ts";
import { createEventOutbox, type EventOutbox, readOutbox } from "../../shared/wire/event-outbox.ts";
import { eventStreamContentType, formatComment } from "../../shared/wire/event-stream.ts";
import type { StageCResponse } from "../../shared/wire/stage-c.ts";
import { formatStageCEnd, formatStageCEvent } from "../../shared/wire/stage-c-events.ts";
import type { LaneNews } from "../lane/lane-messages.ts";
import type { Caller } from "../scheduling/identical-tasks.ts";
import type { Unscheduled } from "../scheduling/scheduler.ts";
import { answerUnscheduled } from "./answer-failure.ts";

/** Does the task for a caller. */
export type RunFor = (caller: Caller<LaneNews>) => Promise<Result<StageCResponse, Unscheduled>>;

/** Whether the sender of a request wants events. */
export function acceptsEvents(context: Context): boolean {
  return context.req.header("accept")?.toLowerCase().includes(eventStreamContentType) ?? false;
}

/**
 * Answers a task with events while it waits and runs (shared/wire/stage-c-events.ts). What is refused at once is
 * refused as without a stream, by its status. A reader that leaves takes its wish back; one that is slow misses news.
 */
export async function streamStageC(context: Context, heartbeatMs: number, run: RunFor): Promise<Response> {
  const outbox = createEventOutbox();
  const left = new AbortController();
  const ending = run({
    signal: AbortSignal.any([context.req.raw.signal, left.signal]),
    onNews: (news) => tell(outbox, news),
  });
  // A task that finds no place has its answer before anything else can happen.
  const refused = await Promise.race([ending, nextTurn()]);
  if (refused?.ok === false) return answerUnscheduled(context, refused.error);

  const heart = setInterval(() => outbox.put("heartbeat", formatComment("waiting")), heartbeatMs);
  void ending
    .then((end) => (end.ok ? end : err(end.error.failure)))
    .catch(() => err({ code: "internal" } as const))
    .then((end) => {
      clearInterval(heart);
      outbox.end(formatStageCEnd(end));
    });
  return context.body(
    readOutbox(outbox, () => left.abort()),
    200,
    {
      "content-type": eventStreamContentType,
      "cache-control": "no-store",
    },
  );
}

/** Slots: progress is overtaken by progress, a sample's preview by its next. */
function tell(outbox: EventOutbox, news: LaneNews): void {
  if (news.kind === "progress") {
    outbox.put("progress", formatStageCEvent(news));
  } else {
    const { bytes, ...preview } = news;
    const image = Buffer.from(bytes).toString("base64");
    outbox.put(`preview ${news.sample}`, formatStageCEvent({ ...preview, image }));
  }
}
