import type { AuditEntry } from "./audit.ts";

/** An entry of some account's log. */
export interface ListedAuditEntry extends AuditEntry {
  readonly account: string;
}

/** The place of an entry among those of all accounts. */
export type AuditPlace = Pick<ListedAuditEntry, "atMs" | "account" | "id">;

/** The audit logs of all accounts. A copy for lists alone: what counts stands in each account's object. */
export interface AuditIndex {
  /** Adds entries, of which each counts once. */
  put(entries: readonly ListedAuditEntry[]): Promise<void>;
  /** Newest first: at most `limit` of those before that place; undefined: of all. */
  list(before: AuditPlace | undefined, limit: number): Promise<readonly ListedAuditEntry[]>;
}

interface AuditRow {
  readonly account: string;
  readonly id: number;
  readonly at_ms: number;
  readonly actor: string;
  readonly request_id: string;
  readonly action: AuditEntry["action"];
  readonly subject: string;
  readonly details: string;
}

const columns = ["account", "id", "at_ms", "actor", "request_id", "action", "subject", "details"] as const;
const insert = `INSERT OR IGNORE INTO account_audit (${columns.join(", ")})
  SELECT ${columns.map((_, index) => `value ->> ${index}`).join(", ")} FROM json_each(?)`;
const select = `SELECT * FROM account_audit WHERE (at_ms, account, id) < (?, ?, ?)
  ORDER BY at_ms DESC, account DESC, id DESC LIMIT ?`;

/** Behind every entry. */
const end: AuditPlace = { atMs: Number.MAX_SAFE_INTEGER, account: "", id: 0 };

/** The index in D1; see migrations/. */
export function createAuditIndex(database: Pick<D1Database, "prepare">): AuditIndex {
  return {
    async put(entries) {
      const rows = entries.map(({ account, id, atMs, actor, requestId, action, subject, details }) => {
        return [account, id, atMs, actor, requestId, action, subject, JSON.stringify(details)];
      });
      await database.prepare(insert).bind(JSON.stringify(rows)).run();
    },

    async list({ atMs, account, id } = end, limit) {
      const { results } = await database.prepare(select).bind(atMs, account, id, limit).all<AuditRow>();
      return results.map(({ at_ms, request_id, details, ...row }) => {
        return { ...row, atMs: at_ms, requestId: request_id, details: JSON.parse(details) };
      });
    },
  };
}
