import { dayMs } from "./usage-by-day.ts";

// What accounts and keys were charged by day: the sums of the usage table. Lines add to them as they enter it.

/**
 * Adds lines to their days, those that the usage table does not have yet. In the same transaction, and before they
 * enter that table. The lines come as `recordUsage` writes them: each is an array in the order of its columns.
 */
export const addToDays = `INSERT INTO spend_days (day, account, key_id, requests, micro_usd, saved_micro_usd, gpu_ms)
  SELECT value ->> 7 / ${dayMs}, value ->> 2, COALESCE(value ->> 8, ''), COUNT(*) FILTER (WHERE value ->> 1 = 0),
    SUM(value ->> 5), COALESCE(SUM(value ->> 10), 0), COALESCE(SUM(value ->> 9), 0)
  FROM json_each(?)
  WHERE NOT EXISTS (SELECT 1 FROM usage WHERE event_id = value ->> 0 AND line = value ->> 1)
  GROUP BY 1, 2, 3
  ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, micro_usd = micro_usd + excluded.micro_usd,
    saved_micro_usd = saved_micro_usd + excluded.saved_micro_usd, gpu_ms = gpu_ms + excluded.gpu_ms`;

/** Adds an account's rows that no day has to their days, as two statements of one transaction. */
export const addMissingToDays = [
  `INSERT INTO spend_days (day, account, key_id, requests, micro_usd, saved_micro_usd, gpu_ms)
    SELECT at_ms / ${dayMs}, account, COALESCE(key_id, ''), COUNT(*) FILTER (WHERE line = 0), SUM(micro_usd),
      COALESCE(SUM(saved_micro_usd), 0), COALESCE(SUM(gpu_ms), 0)
    FROM usage WHERE account = ? AND in_days IS NULL GROUP BY 1, 2, 3
    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, micro_usd = micro_usd + excluded.micro_usd,
      saved_micro_usd = saved_micro_usd + excluded.saved_micro_usd, gpu_ms = gpu_ms + excluded.gpu_ms`,
  "UPDATE usage SET in_days = 1 WHERE account = ? AND in_days IS NULL",
] as const;

/** An account's days without their keys, as two statements of one transaction. */
export const forgetKeys = [
  `INSERT INTO spend_days (day, account, key_id, requests, micro_usd, saved_micro_usd, gpu_ms)
    SELECT day, account, '', SUM(requests), SUM(micro_usd), SUM(saved_micro_usd), SUM(gpu_ms)
    FROM spend_days WHERE account = ? AND key_id <> '' GROUP BY day, account
    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, micro_usd = micro_usd + excluded.micro_usd,
      saved_micro_usd = saved_micro_usd + excluded.saved_micro_usd, gpu_ms = gpu_ms + excluded.gpu_ms`,
  "DELETE FROM spend_days WHERE account = ? AND key_id <> ''",
] as const;

/** Sums of what was charged. */
export interface Spend {
  readonly account: string;
  /** Of keys alone; empty where none is known. */
  readonly keyId: string;
  readonly requests: number;
  readonly microUsd: number;
  readonly savedMicroUsd: number;
  readonly gpuMs: number;
}

/** Who was charged most. */
export interface TopSpend {
  /** What all were charged, in micro-USD. */
  readonly totalMicroUsd: number;
  /** The highest first. */
  readonly accounts: readonly Spend[];
  readonly keys: readonly Spend[];
}

/** Reads who was charged most. */
export interface SpendReader {
  /** From the day `fromDay` on (since 1970-01-01 UTC), at most `limit` accounts and keys. */
  top(fromDay: number, limit: number): Promise<TopSpend>;
}

const sums = `SUM(requests) AS requests, SUM(micro_usd) AS microUsd, SUM(saved_micro_usd) AS savedMicroUsd,
  SUM(gpu_ms) AS gpuMs FROM spend_days WHERE day >= ?1`;
const accountsQuery = `SELECT account, '' AS keyId, ${sums} GROUP BY account ORDER BY microUsd DESC, account LIMIT ?2`;
const keysQuery = `SELECT account, key_id AS keyId, ${sums} AND key_id <> '' GROUP BY account, key_id
  ORDER BY microUsd DESC, key_id LIMIT ?2`;
const totalQuery = "SELECT COALESCE(SUM(micro_usd), 0) AS total FROM spend_days WHERE day >= ?";

/** The reader of the table in D1; see migrations/. */
export function createSpendReader(database: Pick<D1Database, "prepare">): SpendReader {
  return {
    async top(fromDay, limit) {
      const list = async (query: string) => (await database.prepare(query).bind(fromDay, limit).all<Spend>()).results;
      const [accounts, keys, total] = await Promise.all([
        list(accountsQuery),
        list(keysQuery),
        database.prepare(totalQuery).bind(fromDay).first<{ total: number }>(),
      ]);
      return { totalMicroUsd: total?.total ?? 0, accounts, keys };
    },
  };
}
