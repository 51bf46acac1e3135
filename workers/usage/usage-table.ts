import type { UsageEvent } from "./usage-event.ts";

/**
 * One row a line of a settlement; the primary key makes a second delivery change nothing. See migrations/. All rows are
 * one parameter: a statement for each would take D1 ten times as long.
 */
const insert = `INSERT OR IGNORE INTO usage (event_id, line, account, kind, latent_id, micro_usd, price_book, at_ms)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
  FROM json_each(?)`;

/** Some 150 kB, of the 2 MB that a parameter may have. */
const rowsMax = 1_000;

/** Writes events, which may come more than once and in any order, so that each counts once. All of them, or none. */
export async function recordUsage(
  database: Pick<D1Database, "prepare" | "batch">,
  events: readonly UsageEvent[],
): Promise<void> {
  const rows = events.flatMap(({ id, account, atMs, priceBook, lines }) =>
    lines.map(({ kind, latentId, microUsd }, line) => [id, line, account, kind, latentId, microUsd, priceBook, atMs]),
  );
  const statement = database.prepare(insert);
  const parts: D1PreparedStatement[] = [];
  for (let i = 0; i < rows.length; i += rowsMax) parts.push(statement.bind(JSON.stringify(rows.slice(i, i + rowsMax))));
  if (parts.length > 0) await database.batch(parts);
}
