import type { SettledEntry, SettledPage } from "../../usage/settled-entry.ts";
import { usageEventOf } from "./outbox.ts";
import { readSettlement } from "./reservation-rows.ts";

interface SettledRow extends Record<string, SqlStorageValue> {
  readonly id: number;
  readonly reservation_id: string;
  readonly micro_usd: number;
  readonly at_ms: number;
  readonly account: string | null;
  readonly key_id: string | null;
  readonly settlement: string | null;
}

/** Settlements that charged something, in the order of their entries. */
export function readSettledEntries(sql: SqlStorage, { afterEntry, untilMs, limit }: SettledPage): SettledEntry[] {
  const query = `SELECT e.id, substr(e.transaction_id, 8) AS reservation_id, e.micro_usd, e.at_ms, r.account, r.key_id, r.settlement
    FROM entries e LEFT JOIN reservations r ON r.id = substr(e.transaction_id, 8)
    WHERE e.id > ? AND e.bucket = 'spent' AND e.transaction_id LIKE 'settle:%' AND e.micro_usd > 0 AND e.at_ms <= ?
    ORDER BY e.id LIMIT ?`;
  return sql.exec<SettledRow>(query, afterEntry, untilMs, limit).toArray().map(toEntry);
}

function toEntry(row: SettledRow): SettledEntry {
  const { reservation_id: id, account, key_id } = row;
  const settlement = readSettlement(row.settlement);
  const event =
    settlement !== undefined && account !== null
      ? usageEventOf({ id, account, keyId: key_id ?? undefined, settlement }, row.at_ms)
      : undefined;
  return { entry: row.id, id, microUsd: row.micro_usd, event };
}
