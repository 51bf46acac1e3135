/** Account → when it was last compared with its ledger, in Unix milliseconds. Accounts that never were are left out. */
export async function readLastReconciled(
  database: Pick<D1Database, "prepare">,
  accounts: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const query = "SELECT account, at_ms FROM reconciliations WHERE account IN (SELECT value FROM json_each(?))";
  const statement = database.prepare(query).bind(JSON.stringify(accounts));
  const { results } = await statement.all<{ account: string; at_ms: number }>();
  return new Map(results.map(({ account, at_ms }) => [account, at_ms]));
}
