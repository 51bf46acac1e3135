import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What migrating needs of a D1 database. */
interface Database {
  prepare(query: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

interface Statement {
  bind(...values: unknown[]): Statement;
  first<Row>(): Promise<Row | null>;
}

/** The table that `wrangler d1 migrations apply` keeps in a deployed database. */
const createTable = "CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY)";

/** Runs the migrations in a folder that the database has not had, in the order of their names, each wholly or not. */
export async function migrateDatabase(database: Database, folder: string): Promise<void> {
  await database.batch([database.prepare(createTable)]);
  for (const name of readdirSync(folder).sort()) {
    const seen = await database.prepare("SELECT 1 FROM d1_migrations WHERE name = ?").bind(name).first();
    if (seen !== null) continue;
    const statements = statementsOf(readFileSync(join(folder, name), "utf8"));
    const note = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
    await database.batch([...statements.map((statement) => database.prepare(statement)), note]);
  }
}

/** Our migrations hold no text with a semicolon. */
function statementsOf(source: string): string[] {
  const withoutComments = source.replaceAll(/^\s*--.*$/gmu, "");
  return withoutComments
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
