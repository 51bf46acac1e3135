import type { Tier } from "../../shared/api/images-response.ts";

/** Milliseconds of a day; every day of Unix time has as many. */
export const dayMs = 86_400_000;

/** What the charges of a day may be told apart by. */
export const usageGroupings = ["key", "kind", "tier"] as const;

/** One of them. */
export type UsageGrouping = (typeof usageGroupings)[number];

/** Some days of an account: those before `beforeDay`, in days since 1970-01-01 UTC. */
export interface UsagePage {
  readonly beforeDay: number;
  /** Days of the calendar, whether anything was charged on them or not: what bounds the rows that D1 reads. */
  readonly days: number;
  readonly groupBy: ReadonlySet<UsageGrouping>;
}

/** Sums of charge lines. */
export interface UsageSums {
  /** Requests with a line among them. */
  readonly requests: number;
  readonly lines: number;
  readonly microUsd: number;
  /** Milliseconds of GPU, of the lines for which they were measured. */
  readonly gpuMs: number;
  /** What hits cost less than making their latents had. */
  readonly savedMicroUsd: number;
  readonly savedGpuMs: number;
}

/** A part of a day's charges. */
export interface UsageGroup extends UsageSums {
  /** The key's id; null: none, or a charge from before keys were noted. Absent unless grouped by key. */
  readonly key?: string | null;
  /** Absent unless grouped by kind. */
  readonly kind?: string;
  /** Null: no picture was delivered, or a charge from before tiers were noted. Absent unless grouped by tier. */
  readonly tier?: Tier | null;
}

/** What was charged on one day. */
export interface UsageOfDay extends UsageSums {
  /** Since 1970-01-01 UTC. */
  readonly day: number;
  /** They add up to the day, but for requests that have lines in several. */
  readonly groups: readonly UsageGroup[];
}

/** Reads what accounts were charged. */
export interface UsageReader {
  /** Newest first, without days on which nothing was charged; `nextBeforeDay` finds the latest day that is left. */
  byDay(
    account: string,
    page: UsagePage,
  ): Promise<{ readonly days: readonly UsageOfDay[]; readonly nextBeforeDay: number | undefined }>;
}

/** Of one query or the other: each has the columns that its rows are read for. */
interface UsageRow {
  readonly day: number;
  readonly key_id: string | null;
  readonly kind: string;
  readonly tier: Tier | null;
  readonly requests: number;
  readonly lines: number;
  readonly micro_usd: number;
  readonly gpu_ms: number;
  readonly saved_micro_usd: number;
  readonly saved_gpu_ms: number;
}

const columnOf = { key: "key_id", kind: "kind", tier: "tier" } as const satisfies Record<UsageGrouping, string>;
const earlierQuery = `SELECT at_ms / ${dayMs} AS day FROM usage WHERE account = ? AND at_ms < ?
  ORDER BY at_ms DESC LIMIT 1`;

/** Sums by day and these columns of the table, which are no input of anybody's. */
function sumsQuery(columns: readonly string[]): string {
  const grouped = ["day", ...columns].join(", ");
  return `SELECT at_ms / ${dayMs} AS ${grouped}, COUNT(DISTINCT event_id) AS requests, COUNT(*) AS lines,
      SUM(micro_usd) AS micro_usd, COALESCE(SUM(gpu_ms), 0) AS gpu_ms,
      COALESCE(SUM(saved_micro_usd), 0) AS saved_micro_usd, COALESCE(SUM(saved_gpu_ms), 0) AS saved_gpu_ms
    FROM usage WHERE account = ? AND at_ms >= ? AND at_ms < ?
    GROUP BY ${grouped} ORDER BY ${["day DESC", ...columns].join(", ")}`;
}

/** The reader of the table in D1; see migrations/. */
export function createUsageReader(database: Pick<D1Database, "prepare" | "batch">): UsageReader {
  return {
    async byDay(account, { beforeDay, days, groupBy }) {
      const range = [account, (beforeDay - days) * dayMs, beforeDay * dayMs] as const;
      const columns = usageGroupings.filter((grouping) => groupBy.has(grouping)).map((grouping) => columnOf[grouping]);
      // One transaction: a delivery between the queries would give a day without its parts.
      const [ofGroups, ofDays, earlier] = await database.batch<UsageRow>([
        database.prepare(sumsQuery(columns)).bind(...range),
        database.prepare(sumsQuery([])).bind(...range),
        database.prepare(earlierQuery).bind(account, range[1]),
      ]);
      const groups = byDay(ofGroups?.results ?? []);
      const earlierDay = earlier?.results[0]?.day;
      return {
        days: (ofDays?.results ?? []).map((row) => ({
          day: row.day,
          ...sumsOf(row),
          groups: (groups.get(row.day) ?? []).map((group) => groupOf(group, groupBy)),
        })),
        nextBeforeDay: earlierDay === undefined ? undefined : earlierDay + 1,
      };
    },
  };
}

function byDay(rows: readonly UsageRow[]): ReadonlyMap<number, readonly UsageRow[]> {
  const days = new Map<number, UsageRow[]>();
  for (const row of rows) {
    const known = days.get(row.day);
    if (known === undefined) days.set(row.day, [row]);
    else known.push(row);
  }
  return days;
}

function groupOf(row: UsageRow, groupBy: ReadonlySet<UsageGrouping>): UsageGroup {
  return {
    ...(groupBy.has("key") && { key: row.key_id }),
    ...(groupBy.has("kind") && { kind: row.kind }),
    ...(groupBy.has("tier") && { tier: row.tier }),
    ...sumsOf(row),
  };
}

function sumsOf(row: UsageRow): UsageSums {
  return {
    requests: row.requests,
    lines: row.lines,
    microUsd: row.micro_usd,
    gpuMs: row.gpu_ms,
    savedMicroUsd: row.saved_micro_usd,
    savedGpuMs: row.saved_gpu_ms,
  };
}
