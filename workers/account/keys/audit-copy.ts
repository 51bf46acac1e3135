import { readAudit } from "./audit.ts";
import type { ListedAuditEntry } from "./audit-index.ts";

/** Some 50 kB, of the 2 MB that a parameter of D1 may have. */
const copiesMax = 200;

/** The oldest entries of the account's log that the list of all accounts may lack. */
export function nextCopies(sql: SqlStorage, account: string): readonly ListedAuditEntry[] {
  const { id: after } = sql.exec<{ id: number }>("SELECT id FROM audit_copied").one();
  return readAudit(sql, { after, limit: copiesMax }).map((entry) => ({ ...entry, account }));
}

/** Notes that the list has these. What is not noted is copied again, which changes nothing. */
export function noteCopied(sql: SqlStorage, entries: readonly ListedAuditEntry[]): void {
  sql.exec("UPDATE audit_copied SET id = MAX(id, ?)", entries.at(-1)?.id ?? 0);
}
