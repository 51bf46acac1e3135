import type { Tier } from "../../shared/api/images-response.ts";
import type { FailureCode } from "../../shared/errors.ts";
import { percentile } from "./latency-histogram.ts";

/**
 * How a revision serves the requests for which it had to run. Hits are left out: an older revision has more of them,
 * and they neither take its time nor can it fail them.
 */
export interface ModelFigures {
  /** That were answered with a new picture, or that failed by the model. */
  readonly requests: number;
  /** Those that failed by the model or its backends. */
  readonly failed: number;
  /** Of those with a new picture for which a client waited, milliseconds, within `percentileError`. */
  readonly p95Ms: number | undefined;
}

/** Reads how revisions serve. */
export interface ModelFiguresReader {
  /** Of each revision, from the hour `fromHour` (since 1970) on. */
  read(revisions: readonly string[], fromHour: number): Promise<ReadonlyMap<string, ModelFigures>>;
}

/** Failures that a model or its backends cause, and not the request. */
const modelFaults: readonly FailureCode[] = [
  "backend_unavailable",
  "model_unavailable",
  "backend_failed",
  "backend_overloaded",
  "deadline_exceeded",
  "internal",
];

const made: Tier = "generated";

interface OutcomeRow {
  readonly revision: string;
  readonly outcome: string;
  readonly bucket: number;
  readonly requests: number;
}

const query = `SELECT revision, outcome, bucket, SUM(requests) AS requests FROM model_hours
  WHERE revision IN (SELECT value FROM json_each(?1)) AND hour >= ?2 AND outcome IN (SELECT value FROM json_each(?3))
  GROUP BY 1, 2, 3`;

/** The reader of the table in D1; see migrations/. Per revision and hour it reads some hundred rows at most. */
export function createModelFigures(database: Pick<D1Database, "prepare">): ModelFiguresReader {
  return {
    async read(revisions, fromHour) {
      const bound = [JSON.stringify(revisions), fromHour, JSON.stringify([made, ...modelFaults])];
      const { results } = await database
        .prepare(query)
        .bind(...bound)
        .all<OutcomeRow>();
      return new Map(
        revisions.map((revision) => [revision, figuresOf(results.filter((row) => row.revision === revision))]),
      );
    },
  };
}

function figuresOf(rows: readonly OutcomeRow[]): ModelFigures {
  const finished = rows.filter(({ outcome }) => outcome === made);
  const sum = (counted: readonly OutcomeRow[]) => counted.reduce((total, { requests }) => total + requests, 0);
  const p95Ms = percentile(new Map(finished.map(({ bucket, requests }) => [bucket, requests])), 0.95);
  return { requests: sum(rows), failed: sum(rows) - sum(finished), p95Ms };
}
