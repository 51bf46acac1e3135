import { addToDays } from "./spend.ts";
import type { UsageEvent } from "./usage-event.ts";

/**
 * One row a line of a settlement; the primary key makes a second delivery change nothing. See migrations/. All rows are
 * one parameter: a statement for each would take D1 ten times as long.
 */
const columns = [
  "event_id",
  "line",
  "account",
  "kind",
  "latent_id",
  "micro_usd",
  "price_book",
  "at_ms",
  "key_id",
  "gpu_ms",
  "saved_micro_usd",
  "saved_gpu_ms",
  "tier",
] as const;
const insert = `INSERT OR IGNORE INTO usage (${columns.join(", ")}, in_days)
  SELECT ${columns.map((_, index) => `value ->> ${index}`).join(", ")}, 1 FROM json_each(?)`;

/** Some 200 kB, of the 2 MB that a parameter may have. */
const rowsMax = 1_000;

/** Writes events, which may come more than once and in any order, so that each counts once. All of them, or none. */
export async function recordUsage(
  database: Pick<D1Database, "prepare" | "batch">,
  events: readonly UsageEvent[],
): Promise<void> {
  // One that comes twice in a batch enters the table once, and must be added up once.
  const distinct = [...new Map(events.map((event) => [event.id, event])).values()];
  const rows = distinct.flatMap((event) => event.lines.map((line, place) => rowOf(event, line, place)));
  const statements = [addToDays, insert].map((query) => database.prepare(query));
  const parts: D1PreparedStatement[] = [];
  for (let i = 0; i < rows.length; i += rowsMax) {
    const json = JSON.stringify(rows.slice(i, i + rowsMax));
    parts.push(...statements.map((statement) => statement.bind(json)));
  }
  if (parts.length > 0) await database.batch(parts);
}

/** In the order of `columns`, by whose places `addToDays` reads them. */
function rowOf(
  { id, account, keyId, atMs, priceBook }: UsageEvent,
  { kind, latentId, microUsd, gpuMs, savedMicroUsd, savedGpuMs, tier }: UsageEvent["lines"][number],
  place: number,
): readonly (string | number | null)[] {
  return [
    id,
    place,
    account,
    kind,
    latentId,
    microUsd,
    priceBook,
    atMs,
    keyId ?? null,
    gpuMs ?? null,
    savedMicroUsd ?? null,
    savedGpuMs ?? null,
    tier ?? null,
  ];
}
