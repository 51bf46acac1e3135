import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

// Reads the files of a local Worker's storage, past the Worker, as an auditor would.

function databases(storage: string, folder: string): DatabaseSync[] {
  const path = join(storage, folder);
  const files = readdirSync(path).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  return files.map((name) => new DatabaseSync(join(path, name), { readOnly: true }));
}

/** What the usage table says that accounts were charged, in micro-USD. */
export function reportedMicroUsd(storage: string): number {
  const [table] = databases(storage, "d1/miniflare-D1DatabaseObject");
  const row = table?.prepare("SELECT COALESCE(SUM(micro_usd), 0) AS sum FROM usage").get();
  table?.close();
  return Number(row?.["sum"]);
}

/** What one ledger has on disk. */
export interface StoredBooks {
  readonly balances: unknown;
  readonly sums: unknown;
  readonly total: unknown;
}

/** Each account's balances beside the sums of its entries, which are 0 in all. */
export function storedBooks(storage: string): StoredBooks[] {
  return databases(storage, "do/wuerstchen-edge-AccountLedgerObject").map((ledger) => {
    const all = (sql: string) => ledger.prepare(sql).all();
    const found = {
      balances: all("SELECT bucket, micro_usd FROM balances ORDER BY bucket"),
      sums: all("SELECT bucket, SUM(micro_usd) AS micro_usd FROM entries GROUP BY bucket ORDER BY bucket"),
      total: ledger.prepare("SELECT SUM(micro_usd) AS sum FROM entries").get()?.["sum"],
    };
    ledger.close();
    return found;
  });
}
