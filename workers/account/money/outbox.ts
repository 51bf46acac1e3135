import type { UsageEvent } from "../../usage/usage-event.ts";
import type { Settlement } from "./reservation.ts";

/** The most messages that a queue takes in one call. */
const batchMax = 100;

/** An event that waits to be sent, by its place in the outbox. */
export interface OutboxRow {
  readonly id: number;
  readonly event: UsageEvent;
}

/** A settlement, and whose it is. */
export interface SettledRequest extends Pick<UsageEvent, "id" | "account" | "keyId"> {
  readonly settlement: Settlement;
}

/** Stores an event with its settlement: call it inside the same storage transaction. */
export function putSettlementEvent(sql: SqlStorage, settled: SettledRequest, atMs: number): void {
  sql.exec("INSERT INTO outbox (event) VALUES (?)", JSON.stringify(usageEventOf(settled, atMs)));
}

/** The event of a settlement. */
export function usageEventOf({ id, account, keyId, settlement }: SettledRequest, atMs: number): UsageEvent {
  const { priceBook, lines, stripeCustomer } = settlement;
  return {
    id,
    account,
    atMs,
    priceBook,
    lines: [...lines],
    ...(keyId !== undefined && { keyId }),
    ...(stripeCustomer !== undefined && { stripeCustomer }),
  };
}

/** A settlement, and the customer of Stripe's that the account has now, if it has one. */
export function withCustomer(sql: SqlStorage, settlement: Settlement): Settlement {
  const query = "SELECT stripe_customer FROM account WHERE stripe_customer IS NOT NULL";
  const stripeCustomer = sql.exec<{ stripe_customer: string }>(query).toArray()[0]?.stripe_customer;
  return stripeCustomer === undefined ? settlement : { ...settlement, stripeCustomer };
}

/** The oldest events, as many as one call to the queue takes. */
export function nextEvents(sql: SqlStorage): OutboxRow[] {
  const rows = sql.exec<{ id: number; event: string }>("SELECT id, event FROM outbox ORDER BY id LIMIT ?", batchMax);
  return rows.toArray().map(({ id, event }) => ({ id, event: JSON.parse(event) }));
}

/**
 * Takes away the oldest events, which the queue has, up to the last of these. What is not yet taken away is sent again.
 */
export function dropEvents(sql: SqlStorage, rows: readonly OutboxRow[]): void {
  sql.exec("DELETE FROM outbox WHERE id <= ?", rows.at(-1)?.id ?? 0);
}
