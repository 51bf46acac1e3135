/** Attempts that a job keeps: more than there can be, unless the queue delivers a message twice. */
const attemptsMax = 20;

/** The table; part of the migrations of the object that has it. */
export const webhookAttemptsTable = `
  CREATE TABLE webhook_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    attempt TEXT NOT NULL
  );
`;

/** One delivery and what became of it. */
export interface Delivery {
  /** delivered: the receiver has it. refused: it never will. failed: it may have it another time. */
  readonly outcome: "delivered" | "refused" | "failed";
  /** The HTTP status of the answer; undefined when there was none. */
  readonly status?: number | undefined;
  /** Why there was no answer: the address is not allowed, nothing answered in time, or the service failed. */
  readonly failure?: WebhookFailure | undefined;
}

/** Why a delivery was not answered. */
type WebhookFailure = "address_refused" | "unreachable" | "internal";

/** One delivery of a job's message, and when the next one follows. */
export interface WebhookAttempt extends Delivery {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** Unix milliseconds; undefined: none follows. */
  readonly nextMs: number | undefined;
  /** Whether the account asked for it, after the job's end was told. */
  readonly isRedelivery?: boolean;
}

/** Keeps an attempt, and forgets the oldest of too many. */
export function putAttempt(sql: SqlStorage, attempt: WebhookAttempt): void {
  sql.exec("INSERT INTO webhook_attempts (at_ms, attempt) VALUES (?, ?)", attempt.atMs, JSON.stringify(attempt));
  const newest = "SELECT id FROM webhook_attempts ORDER BY id DESC LIMIT ?";
  sql.exec(`DELETE FROM webhook_attempts WHERE id NOT IN (${newest})`, attemptsMax);
}

/** The attempts, oldest first. */
export function readAttempts(sql: SqlStorage): readonly WebhookAttempt[] {
  const rows = sql.exec<{ attempt: string }>("SELECT attempt FROM webhook_attempts ORDER BY id").toArray();
  return rows.map(({ attempt }) => JSON.parse(attempt));
}
