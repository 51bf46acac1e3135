/** Milliseconds of a day; every day of Unix time has as many. */
export const dayMs = 86_400_000;

/** Some days of an account: those before `beforeDay`, in days since 1970-01-01 UTC. */
export interface UsagePage {
  readonly beforeDay: number;
  /** Days of the calendar, whether anything was charged on them or not: what bounds the rows that D1 reads. */
  readonly days: number;
}

/** What one kind of work was charged for on one day. */
export interface UsageOfKind {
  readonly kind: string;
  readonly lines: number;
  readonly microUsd: number;
}

/** What was charged on one day. */
export interface UsageOfDay {
  /** Since 1970-01-01 UTC. */
  readonly day: number;
  readonly requests: number;
  readonly kinds: readonly UsageOfKind[];
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
  readonly kind: string;
  readonly lines: number;
  readonly micro_usd: number;
  readonly requests: number;
}

const inPage = "FROM usage WHERE account = ? AND at_ms >= ? AND at_ms < ?";
const kindsQuery = `SELECT at_ms / ${dayMs} AS day, kind, COUNT(*) AS lines, SUM(micro_usd) AS micro_usd ${inPage}
  GROUP BY day, kind ORDER BY kind`;
const daysQuery = `SELECT at_ms / ${dayMs} AS day, COUNT(DISTINCT event_id) AS requests ${inPage}
  GROUP BY day ORDER BY day DESC`;
const earlierQuery = `SELECT at_ms / ${dayMs} AS day FROM usage WHERE account = ? AND at_ms < ?
  ORDER BY at_ms DESC LIMIT 1`;

/** The reader of the table in D1; see migrations/. */
export function createUsageReader(database: Pick<D1Database, "prepare" | "batch">): UsageReader {
  return {
    async byDay(account, { beforeDay, days }) {
      const range = [account, (beforeDay - days) * dayMs, beforeDay * dayMs] as const;
      // One transaction: a delivery between the queries would give a day without its parts.
      const [ofKinds, ofDays, earlier] = await database.batch<UsageRow>([
        database.prepare(kindsQuery).bind(...range),
        database.prepare(daysQuery).bind(...range),
        database.prepare(earlierQuery).bind(account, range[1]),
      ]);
      const kinds = kindsByDay(ofKinds?.results ?? []);
      const earlierDay = earlier?.results[0]?.day;
      return {
        days: (ofDays?.results ?? []).map(({ day, requests }) => ({ day, requests, kinds: kinds.get(day) ?? [] })),
        nextBeforeDay: earlierDay === undefined ? undefined : earlierDay + 1,
      };
    },
  };
}

function kindsByDay(rows: readonly UsageRow[]): ReadonlyMap<number, readonly UsageOfKind[]> {
  const kinds = new Map<number, UsageOfKind[]>();
  for (const { day, kind, lines, micro_usd } of rows) {
    kinds.set(day, [...(kinds.get(day) ?? []), { kind, lines, microUsd: micro_usd }]);
  }
  return kinds;
}
