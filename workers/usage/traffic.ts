import { hourMs } from "./request-table.ts";

/** Whole hours since 1970: `from` is the first, `until` the first that is left out. */
export interface HourRange {
  readonly from: number;
  readonly until: number;
  /** Hours that are added up to one. */
  readonly slotHours: number;
}

/** Requests of one slot with one outcome and a duration of one bucket. */
export interface RequestCount {
  /** Hours since 1970, a multiple of the slot's. */
  readonly hour: number;
  readonly outcome: string;
  readonly bucket: number;
  readonly requests: number;
}

/** Pictures of one slot and tier. Milliseconds are sums over those that ran. */
export interface PictureCount {
  readonly hour: number;
  readonly tier: string;
  readonly pictures: number;
  readonly stageCRuns: number;
  readonly stageCMs: number;
  readonly decodes: number;
  readonly decodeMs: number;
  readonly microUsd: number;
}

/** What was counted. */
export interface TrafficCounts {
  readonly requests: readonly RequestCount[];
  readonly pictures: readonly PictureCount[];
}

/** Reads what the service did. */
export interface TrafficReader {
  counts(range: HourRange): Promise<TrafficCounts>;
}

const requestsQuery = `SELECT hour / ?3 * ?3 AS hour, outcome, bucket, SUM(requests) AS requests
  FROM request_hours WHERE hour >= ?1 AND hour < ?2 GROUP BY 1, 2, 3 ORDER BY 1`;

const picturesQuery = `SELECT hour / ?3 * ?3 AS hour, tier, SUM(pictures) AS pictures,
    SUM(stage_c_runs) AS stageCRuns, SUM(stage_c_ms) AS stageCMs, SUM(decodes) AS decodes,
    SUM(decode_ms) AS decodeMs, SUM(micro_usd) AS microUsd
  FROM picture_hours WHERE hour >= ?1 AND hour < ?2 GROUP BY 1, 2 ORDER BY 1`;

/** The reader of the tables in D1; see migrations/. It reads some hundred rows per hour at most. */
export function createTrafficReader(database: Pick<D1Database, "prepare" | "batch">): TrafficReader {
  return {
    async counts({ from, until, slotHours }) {
      const bound = [from, until, slotHours];
      const [requests, pictures] = await Promise.all([
        database
          .prepare(requestsQuery)
          .bind(...bound)
          .all<RequestCount>(),
        database
          .prepare(picturesQuery)
          .bind(...bound)
          .all<PictureCount>(),
      ]);
      return { requests: requests.results, pictures: pictures.results };
    },
  };
}

/** The hour that a moment is in, since 1970. */
export function hourAt(atMs: number): number {
  return Math.floor(atMs / hourMs);
}
