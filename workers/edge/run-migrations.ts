/** An object's storage, as far as its tables need it. */
export type TableStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

/**
 * Brings an object's tables to the newest form: runs the migrations that it has not had, in order, each wholly or not.
 * Cheap when there is none. A change of form is a new migration, never an edit: objects keep their storage.
 */
export function runMigrations(storage: TableStorage, migrations: readonly string[]): void {
  const { sql } = storage;
  sql.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)");
  const { version } = sql.exec<{ version: number }>("SELECT COUNT(*) AS version FROM migrations").one();
  for (const [index, statements] of migrations.entries()) {
    if (index < version) continue;
    storage.transactionSync(() => {
      sql.exec(statements);
      sql.exec("INSERT INTO migrations VALUES (?)", index + 1);
    });
  }
}
