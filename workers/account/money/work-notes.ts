import type { ChargeLine } from "../../prices/price-book.ts";

interface WorkRow extends Record<string, SqlStorageValue> {
  readonly kind: ChargeLine["kind"];
  readonly latent_id: string;
  readonly micro_usd: number;
}

/** Notes work for a reservation; the same work is noted once. */
export function putWork(sql: SqlStorage, reservationId: string, lines: readonly ChargeLine[]): void {
  for (const { kind, latentId, microUsd } of lines) {
    sql.exec("INSERT OR IGNORE INTO work VALUES (?, ?, ?, ?)", reservationId, kind, latentId, microUsd);
  }
}

/** The work noted for a reservation. */
export function readWork(sql: SqlStorage, reservationId: string): ChargeLine[] {
  const query = "SELECT kind, latent_id, micro_usd FROM work WHERE reservation_id = ? ORDER BY latent_id, kind";
  const rows = sql.exec<WorkRow>(query, reservationId).toArray();
  return rows.map(({ kind, latent_id, micro_usd }) => ({ kind, latentId: latent_id, microUsd: micro_usd }));
}

/** Forgets the work noted for a reservation. */
export function dropWork(sql: SqlStorage, reservationId: string): void {
  sql.exec("DELETE FROM work WHERE reservation_id = ?", reservationId);
}

/**
 * What a request says was done for it, and what was noted beside. A latent that was made for this reservation is charged
 * as made, even if the request that settles came later and found it: that was a repeat of the one which had it made.
 */
export function withWork(claimed: readonly ChargeLine[], noted: readonly ChargeLine[]): ChargeLine[] {
  const has = ({ kind, latentId }: ChargeLine) =>
    noted.some((line) => line.latentId === latentId && (line.kind === kind || kind === "hit"));
  return [...noted, ...claimed.filter((line) => !has(line))];
}
