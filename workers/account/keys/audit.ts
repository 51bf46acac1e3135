/** Who does something to an account: an operator by the name of its credential, or a service that reports a payment. */
export interface Actor {
  readonly name: string;
  /** The request by which it was done; its log line names it too. */
  readonly requestId: string;
}

/** A change to an account, a key or its credit. Never holds a key, a hash of one, or a secret. */
export interface AccountChange {
  readonly action:
    | "account.opened"
    | "account.changed"
    | "key.created"
    | "key.rotated"
    | "key.revoked"
    | "credit.granted"
    | "credit.refunded"
    | "credit.disputed"
    | "credit.reinstated"
    | "data.erased";
  /** What it was done to: the account, a key's id, a grant's id. */
  readonly subject: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

/** One entry of an account's audit log. */
export interface AuditEntry extends AccountChange {
  /** Counts up from 1. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly requestId: string;
}

/** Appends an entry: call it inside the storage transaction that makes the change. */
export function writeAudit(sql: SqlStorage, actor: Actor, change: AccountChange, atMs: number): void {
  sql.exec(
    "INSERT INTO audit (at_ms, actor, request_id, action, subject, details) VALUES (?, ?, ?, ?, ?, ?)",
    atMs,
    actor.name,
    actor.requestId,
    change.action,
    change.subject,
    JSON.stringify(change.details),
  );
}

interface AuditRow extends Record<string, SqlStorageValue> {
  readonly id: number;
  readonly at_ms: number;
  readonly actor: string;
  readonly request_id: string;
  readonly action: AccountChange["action"];
  readonly subject: string;
  readonly details: string;
}

/** Part of an audit log. */
export interface AuditPage {
  /** The number of the last entry that is known; 0 for none. */
  readonly after: number;
  readonly limit: number;
}

/** The entries behind the one numbered `after`, oldest first, at most `limit` of them. */
export function readAudit(sql: SqlStorage, { after, limit }: AuditPage): AuditEntry[] {
  const rows = sql.exec<AuditRow>("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", after, limit).toArray();
  return rows.map(({ id, at_ms, actor, request_id, action, subject, details }) => ({
    id,
    atMs: at_ms,
    actor,
    requestId: request_id,
    action,
    subject,
    details: JSON.parse(details),
  }));
}
