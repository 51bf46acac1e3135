import { AppError } from "../../../shared/errors.ts";

/** Where money is: `granted` is where it comes from, and so negative. All four sum to 0 at all times. */
export type Bucket = "granted" | "available" | "held" | "spent";

/** Bucket → micro-USD. */
export type Balances = Readonly<Record<Bucket, number>>;

/** One movement of money. */
export interface Transaction {
  /** Names what happened; a name is posted once. */
  readonly id: string;
  /** Bucket → change in micro-USD; the changes sum to 0. */
  readonly changes: Partial<Balances>;
  readonly atMs: number;
}

/**
 * Appends a transaction's entries and moves the balances with them. Call it inside a storage transaction. Throws, and
 * the storage transaction undoes everything, when the changes do not sum to 0, a balance would become negative, or the
 * transaction was posted before.
 */
export function post(sql: SqlStorage, { id, changes, atMs }: Transaction): void {
  const moves = Object.entries(changes);
  const sum = moves.reduce((total, [, microUsd]) => total + microUsd, 0);
  if (sum !== 0 || !moves.every(([, microUsd]) => Number.isSafeInteger(microUsd))) {
    throw new AppError("A transaction's entries must be whole and sum to 0.");
  }
  for (const [bucket, microUsd] of moves) {
    sql.exec(
      "INSERT INTO entries (transaction_id, bucket, micro_usd, at_ms) VALUES (?, ?, ?, ?)",
      id,
      bucket,
      microUsd,
      atMs,
    );
    sql.exec("UPDATE balances SET micro_usd = micro_usd + ? WHERE bucket = ?", microUsd, bucket);
  }
}

/** Whether a transaction of this name was posted. */
export function isPosted(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM entries WHERE transaction_id = ? LIMIT 1", id).toArray().length > 0;
}

/** What is in each bucket. */
export function readBalances(sql: SqlStorage): Balances {
  const balances = { granted: 0, available: 0, held: 0, spent: 0 };
  const rows = sql.exec<{ bucket: Bucket; micro_usd: number }>("SELECT bucket, micro_usd FROM balances");
  for (const { bucket, micro_usd } of rows) balances[bucket] = micro_usd;
  return balances;
}

/** What can be held or spent now, in micro-USD. */
export function readAvailable(sql: SqlStorage): number {
  const query = "SELECT micro_usd FROM balances WHERE bucket = 'available'";
  return sql.exec<{ micro_usd: number }>(query).one().micro_usd;
}
