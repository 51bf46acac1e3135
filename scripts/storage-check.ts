import { globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CommandError } from "./command-line.ts";

/**
 * Looks whether each database file in a local Worker's storage is whole: workerd never answers a query to one that is
 * not. Reads every page, which takes some milliseconds a MB. Nothing else may have the files open. Throws
 * `CommandError` with the file and what to delete.
 */
export function checkStorage(folder: string): void {
  for (const file of globSync("**/*.sqlite", { cwd: folder })) {
    const path = join(folder, file);
    const fault = faultOf(path);
    if (fault === undefined) continue;
    throw new CommandError(
      `The database file ${path} is damaged (${fault}). Delete ${folder}, or put a copy of it back, and start again. ` +
        "The folder holds the accounts, latents and usage of local runs.",
    );
  }
}

/** What SQLite says of the file; undefined: it is whole. */
function faultOf(path: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    // Not read-only: a process that was killed may have left a write-ahead log, which is to be applied first.
    database = new DatabaseSync(path);
    const [found] = Object.values(database.prepare("PRAGMA quick_check(1)").get() ?? {});
    return found === "ok" ? undefined : String(found);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    database?.close();
  }
}
