/** Who changes the list of models: an operator by the name of its credential, or the service itself. */
export interface ModelActor {
  readonly name: string;
  /** The request by which it was done; its log line names it too. Empty: no request did it. */
  readonly requestId: string;
}

/** A change of the list of models. */
export interface ModelChange {
  readonly action: "model.added" | "model.withdrawn" | "model.rolled_out" | "model.promoted";
  /** "id@revision". */
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** One entry of the log. */
export interface ModelAuditEntry extends Omit<ModelChange, "action"> {
  /** Counts up from 1. */
  readonly id: number;
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly actor: string;
  readonly requestId: string;
  readonly action: string;
}

/** What was done to the models, and by whom. */
export interface ModelAudit {
  /** Appends an entry. Call it before the change: what is not in the log was not done. */
  write(actor: ModelActor, change: ModelChange): Promise<void>;
  /** The entries behind the one numbered `after` (0: from the first), oldest first, at most `limit` of them. */
  read(page: { readonly after: number; readonly limit: number }): Promise<readonly ModelAuditEntry[]>;
}

interface AuditRow extends Omit<ModelAuditEntry, "details"> {
  readonly details: string;
}

const insertQuery =
  "INSERT INTO model_audit (at_ms, actor, request_id, action, subject, details) VALUES (?, ?, ?, ?, ?, ?)";
const readQuery = `SELECT id, at_ms AS atMs, actor, request_id AS requestId, action, subject, details
  FROM model_audit WHERE id > ? ORDER BY id LIMIT ?`;

/** The log in D1; see migrations/. */
export function createModelAudit(database: Pick<D1Database, "prepare">, nowMs: () => number): ModelAudit {
  return {
    async write(actor, { action, subject, details }) {
      const values = [nowMs(), actor.name, actor.requestId, action, subject, JSON.stringify(details)];
      await database
        .prepare(insertQuery)
        .bind(...values)
        .run();
    },
    async read({ after, limit }) {
      const { results } = await database.prepare(readQuery).bind(after, limit).all<AuditRow>();
      return results.map((row) => ({ ...row, details: JSON.parse(row.details) }));
    },
  };
}
