/**
 * Gives up every latent that the account keeps, and all that says which prompts it had: the alarm deletes the latents
 * from the store. Those of other accounts that it was given stay there. Returns how many are to be deleted.
 */
export function eraseLatents(sql: SqlStorage): number {
  const own = "SELECT id FROM latents WHERE bytes > 0 UNION SELECT id FROM latent_list";
  const { count } = sql.exec<{ count: number }>(`SELECT COUNT(*) AS count FROM (${own})`).one();
  sql.exec(`INSERT OR IGNORE INTO evictions ${own}`);
  for (const table of ["latents", "latent_list", "turns", "prompts"]) sql.exec(`DELETE FROM ${table}`);
  return count;
}
