import { latentBytesMaxDefault } from "../../../shared/limits.ts";

// Which latents an account gives up when they exceed its budget. An alarm deletes them from the store later.

/** Share of the budget that one eviction frees: it reads every latent, so it must be rare. */
const freedShare = 0.1;

/** Evicts latents if the account exceeds its budget. */
export function evictExcess(sql: SqlStorage, nowMs: number): void {
  if (excessBytes(sql) > 0) evict(sql, nowMs);
}

/** Latents that are to be taken out of the store, at most `limit`; those that were made again meanwhile are not. */
export function nextEvictions(sql: SqlStorage, limit: number): string[] {
  sql.exec("DELETE FROM evictions WHERE id IN (SELECT id FROM latents) OR id IN (SELECT id FROM latent_list)");
  const rows = sql.exec<{ id: string }>("SELECT id FROM evictions LIMIT ?", limit).toArray();
  return rows.map(({ id }) => id);
}

/** Forgets evictions that were carried out. */
export function dropEvictions(sql: SqlStorage, ids: readonly string[]): void {
  for (const id of ids) sql.exec("DELETE FROM evictions WHERE id = ?", id);
}

/**
 * Frees a tenth of the budget, the least worth first: what a latent cost to make × how often it was wanted ÷ its age.
 * Latents of other accounts take no room and stay.
 */
function evict(sql: SqlStorage, nowMs: number): void {
  let excess = excessBytes(sql, freedShare);
  const worst = sql.exec<{ id: string; bytes: number }>(
    `SELECT id, bytes FROM latents WHERE bytes > 0
     ORDER BY CAST(cost_micro_usd AS REAL) * (hits + 1) / (? - made_ms + 1), made_ms`,
    nowMs,
  );
  for (const { id, bytes } of worst.toArray()) {
    if (excess <= 0) return;
    excess -= bytes;
    sql.exec("DELETE FROM latents WHERE id = ?", id);
    sql.exec("INSERT OR IGNORE INTO evictions (id) VALUES (?)", id);
  }
}

/** By how many bytes the account keeps too much. The sum is kept by triggers, so that a request need not add it up. */
function excessBytes(sql: SqlStorage, freed = 0): number {
  const query =
    "SELECT bytes - COALESCE((SELECT latent_bytes_max FROM account), ?) * (1 - ?) AS excess FROM latent_total";
  return sql.exec<{ excess: number }>(query, latentBytesMaxDefault, freed).one().excess;
}
