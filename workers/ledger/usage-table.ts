import type { UsageEvent } from "./usage-event.ts";

/** One row a line of a settlement; the primary key makes a second delivery change nothing. See migrations/. */
const insert = `INSERT OR IGNORE INTO usage (event_id, line, account, kind, latent_id, micro_usd, price_book, at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/** Writes events, which may come more than once and in any order, so that each counts once. All of them, or none. */
export async function recordUsage(
  database: Pick<D1Database, "prepare" | "batch">,
  events: readonly UsageEvent[],
): Promise<void> {
  const statement = database.prepare(insert);
  const rows = events.flatMap(({ id, account, atMs, priceBook, lines }) =>
    lines.map(({ kind, latentId, microUsd }, line) =>
      statement.bind(id, line, account, kind, latentId, microUsd, priceBook, atMs),
    ),
  );
  if (rows.length > 0) await database.batch(rows);
}
