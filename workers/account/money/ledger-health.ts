import { type Balances, readBalances } from "./postings.ts";

/** What an operator looks at to know that a ledger is well. */
export interface LedgerHealth {
  /** In micro-USD. */
  readonly balances: Balances;
  /** Whether the balances sum to 0, and what is held is the sum of open reservations and holds. */
  readonly isBalanced: boolean;
  readonly openReservations: number;
  /** Unix milliseconds; undefined when there is none. */
  readonly oldestReservationMs: number | undefined;
  /** Usage events that the queue has not taken yet. */
  readonly outboxEvents: number;
  readonly oldestEventMs: number | undefined;
}

interface OpenRow extends Record<string, SqlStorageValue> {
  readonly count: number;
  readonly micro_usd: number;
  readonly oldest_ms: number | null;
}

interface OutboxRow extends Record<string, SqlStorageValue> {
  readonly count: number;
  readonly oldest_ms: number | null;
}

/**
 * Reads open reservations, holds and the outbox, and no row of what is over: its cost does not grow with the ledger.
 */
export function readLedgerHealth(sql: SqlStorage): LedgerHealth {
  const balances = readBalances(sql);
  const open = sql
    .exec<OpenRow>(
      `SELECT COUNT(*) AS count, COALESCE(SUM(ceiling_micro_usd), 0) AS micro_usd, MIN(created_ms) AS oldest_ms
        FROM reservations WHERE state = 'open'`,
    )
    .one();
  const { held } = sql
    .exec<{ held: number }>("SELECT COALESCE(SUM(remaining_micro_usd), 0) AS held FROM holds WHERE state = 'open'")
    .one();
  const outbox = sql
    .exec<OutboxRow>(
      `SELECT COUNT(*) AS count, (SELECT event ->> 'atMs' FROM outbox ORDER BY id LIMIT 1) AS oldest_ms FROM outbox`,
    )
    .one();
  const sum = balances.granted + balances.available + balances.held + balances.spent;
  return {
    balances,
    isBalanced: sum === 0 && balances.held === open.micro_usd + held,
    openReservations: open.count,
    oldestReservationMs: open.oldest_ms ?? undefined,
    outboxEvents: outbox.count,
    oldestEventMs: outbox.oldest_ms ?? undefined,
  };
}
