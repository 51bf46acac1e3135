/** Who does something to an account: an operator by the name of its credential, or a service that reports a payment. */
export interface Actor {
  readonly name: string;
  /** The request by which it was done; its log line names it too. */
  readonly requestId: string;
}

/** What was done. Never holds a key, a hash of one, or a secret. */
export interface Deed {
  readonly action:
    | "account.opened"
    | "account.changed"
    | "key.created"
    | "key.rotated"
    | "key.revoked"
    | "credit.granted"
    | "credit.refunded"
    | "credit.disputed"
    | "credit.reinstated";
  /** What it was done to: the account, a key's id, a grant's id. */
  readonly subject: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** One entry of an account's audit log. */
export interface AuditEntry extends Deed {
  /** Counts up from 1. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly requestId: string;
}

/** Appends an entry: call it inside the storage transaction that does the deed. */
export function writeAudit(sql: SqlStorage, actor: Actor, deed: Deed, atMs: number): void {
  sql.exec(
    "INSERT INTO audit (at_ms, actor, request_id, action, subject, details) VALUES (?, ?, ?, ?, ?, ?)",
    ...[atMs, actor.name, actor.requestId, deed.action, deed.subject, JSON.stringify(deed.details)],
  );
}

interface AuditRow extends Record<string, SqlStorageValue> {
  readonly id: number;
  readonly at_ms: number;
  readonly actor: string;
  readonly request_id: string;
  readonly action: Deed["action"];
  readonly subject: string;
  readonly details: string;
}

/** The entries behind the one numbered `after`, oldest first, at most `limit` of them. */
export function readAudit(sql: SqlStorage, { after, limit }: { after: number; limit: number }): AuditEntry[] {
  const rows = sql.exec<AuditRow>("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", after, limit).toArray();
  return rows.map(({ id, at_ms, actor, request_id, action, subject, details }) => ({
    ...{ id, atMs: at_ms, actor, requestId: request_id, action, subject },
    details: JSON.parse(details),
  }));
}
