import { bucketOf, unmeasured } from "./latency-histogram.ts";
import type { RequestEvent } from "./request-event.ts";

/** Milliseconds of an hour. */
export const hourMs = 3_600_000;

/** Longer than a queue delivers a message again: it keeps messages for four days. */
const countedMs = 5 * 24 * hourMs;

const countRequests = `INSERT INTO request_hours (hour, outcome, bucket, requests)
  SELECT value ->> 1, value ->> 2, value ->> 3, SUM(value ->> 4) FROM json_each(?)
  WHERE value ->> 0 NOT IN (SELECT id FROM counted_requests)
  GROUP BY 1, 2, 3
  ON CONFLICT DO UPDATE SET requests = requests + excluded.requests`;

const countByModel = `INSERT INTO model_hours (revision, hour, outcome, bucket, requests)
  SELECT value ->> 6, value ->> 1, value ->> 2, value ->> 3, SUM(value ->> 4) FROM json_each(?)
  WHERE value ->> 6 IS NOT NULL AND value ->> 0 NOT IN (SELECT id FROM counted_requests)
  GROUP BY 1, 2, 3, 4
  ON CONFLICT DO UPDATE SET requests = requests + excluded.requests`;

const countPictures = `INSERT INTO picture_hours
    (hour, tier, pictures, stage_c_runs, stage_c_ms, decodes, decode_ms, micro_usd)
  SELECT value ->> 1, value ->> 2, COUNT(*), COUNT(value ->> 3), TOTAL(value ->> 3), COUNT(value ->> 4),
    TOTAL(value ->> 4), SUM(value ->> 5) FROM json_each(?)
  WHERE value ->> 0 NOT IN (SELECT id FROM counted_requests)
  GROUP BY 1, 2
  ON CONFLICT DO UPDATE SET pictures = pictures + excluded.pictures,
    stage_c_runs = stage_c_runs + excluded.stage_c_runs, stage_c_ms = stage_c_ms + excluded.stage_c_ms,
    decodes = decodes + excluded.decodes, decode_ms = decode_ms + excluded.decode_ms,
    micro_usd = micro_usd + excluded.micro_usd`;

const markCounted = `INSERT OR IGNORE INTO counted_requests (id, at_ms)
  SELECT value ->> 0, value ->> 5 FROM json_each(?)`;

/**
 * Adds events to the hours in which they ended, in one transaction: an event that comes again changes nothing. Of a
 * queue's batch: each statement takes all of it as one parameter, some 100 kB.
 */
export async function recordRequests(
  database: Pick<D1Database, "prepare" | "batch">,
  events: readonly RequestEvent[],
): Promise<void> {
  const distinct = [...new Map(events.map((event) => [event.id, event])).values()];
  if (distinct.length === 0) return;
  const requests = distinct.map(({ id, atMs, outcome, ms, weight, revision }) => {
    return [id, hourOf(atMs), outcome, ms === undefined ? unmeasured : bucketOf(ms), weight, atMs, revision ?? null];
  });
  const pictures = distinct.flatMap(({ id, atMs, pictures: made }) =>
    made.map(({ tier, stageCMs, decodeMs, microUsd }) => {
      return [id, hourOf(atMs), tier, stageCMs ?? null, decodeMs ?? null, microUsd];
    }),
  );
  await database.batch([
    database.prepare(countRequests).bind(JSON.stringify(requests)),
    database.prepare(countByModel).bind(JSON.stringify(requests)),
    database.prepare(countPictures).bind(JSON.stringify(pictures)),
    database.prepare(markCounted).bind(JSON.stringify(requests)),
  ]);
}

/** Forgets which requests were counted, once no queue delivers them again. The counts stay. */
export async function forgetCounted(database: Pick<D1Database, "prepare">, nowMs: number): Promise<void> {
  await database
    .prepare("DELETE FROM counted_requests WHERE at_ms < ?")
    .bind(nowMs - countedMs)
    .run();
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / hourMs);
}
