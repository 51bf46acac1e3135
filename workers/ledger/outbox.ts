import type { UsageEvent } from "./usage-event.ts";

/** The most messages that a queue takes in one call. */
const batchMax = 100;

/** An event that waits to be sent, by its place in the outbox. */
export interface OutboxRow {
  readonly id: number;
  readonly event: UsageEvent;
}

/** Puts an event with what it tells of: call it inside the same storage transaction. */
export function putEvent(sql: SqlStorage, event: UsageEvent): void {
  sql.exec("INSERT INTO outbox (event) VALUES (?)", JSON.stringify(event));
}

/** The oldest events, as many as one call to the queue takes. */
export function nextEvents(sql: SqlStorage): OutboxRow[] {
  const rows = sql.exec<{ id: number; event: string }>("SELECT id, event FROM outbox ORDER BY id LIMIT ?", batchMax);
  return rows.toArray().map(({ id, event }) => ({ id, event: JSON.parse(event) }));
}

/** Takes away events that the queue has. An event that is sent but not yet taken away is sent again. */
export function dropEvents(sql: SqlStorage, rows: readonly OutboxRow[]): void {
  for (const { id } of rows) sql.exec("DELETE FROM outbox WHERE id = ?", id);
}
