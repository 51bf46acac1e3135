import type { Bucket } from "./postings.ts";

// The ledger as its account sees it: every entry, and those that added or took back credit.

/** One entry of the books. The entries of a transaction sum to 0. */
export interface LedgerEntry {
  /** Counts up from 1. */
  readonly id: number;
  readonly transactionId: string;
  readonly bucket: Bucket;
  readonly microUsd: number;
  /** Unix milliseconds. */
  readonly atMs: number;
}

interface EntryRow extends Record<string, SqlStorageValue> {
  readonly id: number;
  readonly transaction_id: string;
  readonly bucket: Bucket;
  readonly micro_usd: number;
  readonly at_ms: number;
}

/** The entries behind the one numbered `after`, oldest first, at most `limit` of them. */
export function readEntries(sql: SqlStorage, after: number, limit: number): LedgerEntry[] {
  const query = "SELECT * FROM entries WHERE id > ? ORDER BY id LIMIT ?";
  return sql.exec<EntryRow>(query, after, limit).toArray().map(toEntry);
}

/** The newest entries by which credit came or went back, those before the one numbered `before`. */
export function readCredits(sql: SqlStorage, before: number, limit: number): LedgerEntry[] {
  const query = "SELECT * FROM entries WHERE bucket = 'granted' AND id < ? ORDER BY id DESC LIMIT ?";
  return sql.exec<EntryRow>(query, before, limit).toArray().map(toEntry);
}

function toEntry({ id, transaction_id, bucket, micro_usd, at_ms }: EntryRow): LedgerEntry {
  return { id, transactionId: transaction_id, bucket, microUsd: micro_usd, atMs: at_ms };
}
