import type { SettledEntry, SettledPage } from "./settled-entry.ts";
import { addMissingToDays } from "./spend.ts";
import type { UsageEvent } from "./usage-event.ts";
import { recordUsage } from "./usage-table.ts";

/** Younger settlements may still be on their way through the queue. */
const settlingMs = 5 * 60_000;

/** Accounts per run: each takes some seven calls, and an invocation may make at least 1,000. */
const accountsMax = 100;

/** Settlements of one account per run; the next run continues after them. */
const entriesMax = 1_000;

/** What a reconciliation reads and writes. */
export interface ReconcileParts {
  readonly database: Pick<D1Database, "prepare" | "batch">;
  readonly entriesOf: (account: string, page: SettledPage) => Promise<readonly SettledEntry[]>;
  /** Copies what the list of all accounts' audit entries lacks of this account's. */
  readonly copyAudit: (account: string) => Promise<void>;
  /** Reports events to the meter that were not reported yet; returns the ids that failed. Absent: there is no meter. */
  readonly meter?: ((events: readonly UsageEvent[]) => Promise<ReadonlySet<string>>) | undefined;
  readonly nowMs: () => number;
}

/** What a reconciliation found. */
export interface Reconciliation {
  readonly accounts: number;
  /** Settlements that were compared. */
  readonly checked: number;
  /** Settlements that were missing from the usage table, wholly or in part, and were written. */
  readonly repaired: number;
  /** Ids of settlements that still differ: the ledger forgot their details, or the table has more than the ledger. */
  readonly unrepaired: readonly string[];
  /** Settlements that the meter did not accept; the next run retries them. */
  readonly unmetered: number;
}

interface AccountRow {
  readonly id: string;
  readonly after_entry: number;
}

/**
 * Compares each account's ledger with the usage table and the notes of the meter, and repairs from the ledger's own
 * rows what is missing there: settlements whose event was lost on its way. Audit entries are copied to their list as
 * well. The accounts that were compared longest ago come first. It may be repeated, and run twice at once: every repair
 * counts once.
 */
export async function reconcile(parts: ReconcileParts): Promise<Reconciliation> {
  const query = `SELECT a.id, COALESCE(r.after_entry, 0) AS after_entry FROM accounts a
    LEFT JOIN reconciliations r ON r.account = a.id ORDER BY COALESCE(r.at_ms, 0), a.id LIMIT ?`;
  const { results } = await parts.database.prepare(query).bind(accountsMax).all<AccountRow>();
  let total: Reconciliation = { accounts: results.length, checked: 0, repaired: 0, unrepaired: [], unmetered: 0 };
  for (const account of results) {
    const found = await reconcileAccount(parts, account);
    total = {
      ...total,
      checked: total.checked + found.checked,
      repaired: total.repaired + found.repaired,
      unrepaired: [...total.unrepaired, ...found.unrepaired],
      unmetered: total.unmetered + found.unmetered,
    };
  }
  return total;
}

async function reconcileAccount(
  { database, entriesOf, copyAudit, meter, nowMs }: ReconcileParts,
  { id: account, after_entry: afterEntry }: AccountRow,
): Promise<Omit<Reconciliation, "accounts">> {
  await copyAudit(account);
  await database.batch(addMissingToDays.map((query) => database.prepare(query).bind(account)));
  const entries = await entriesOf(account, { afterEntry, untilMs: nowMs() - settlingMs, limit: entriesMax });
  const events = entries.flatMap(({ event }) => event ?? []);
  const wrong = await differing(database, entries);
  await recordUsage(
    database,
    events.filter(({ id }) => wrong.has(id)),
  );
  const unrepaired =
    wrong.size === 0
      ? wrong
      : await differing(
          database,
          entries.filter(({ id }) => wrong.has(id)),
        );
  const failed = (await meter?.(events)) ?? new Set<string>();
  // What the meter did not take is looked at again.
  const last = failed.size === 0 ? (entries.at(-1)?.entry ?? afterEntry) : afterEntry;
  const upsert = `INSERT INTO reconciliations (account, after_entry, at_ms) VALUES (?, ?, ?)
    ON CONFLICT (account) DO UPDATE SET after_entry = excluded.after_entry, at_ms = excluded.at_ms`;
  await database.prepare(upsert).bind(account, last, nowMs()).run();
  return {
    checked: entries.length,
    repaired: wrong.size - unrepaired.size,
    unrepaired: [...unrepaired],
    unmetered: failed.size,
  };
}

/** The ids of the settlements whose amount the usage table does not have. */
async function differing(
  database: ReconcileParts["database"],
  entries: readonly SettledEntry[],
): Promise<ReadonlySet<string>> {
  if (entries.length === 0) return new Set();
  const query = `SELECT event_id, SUM(micro_usd) AS micro_usd FROM usage
    WHERE event_id IN (SELECT value FROM json_each(?)) GROUP BY event_id`;
  const ids = JSON.stringify(entries.map(({ id }) => id));
  const { results } = await database.prepare(query).bind(ids).all<{ event_id: string; micro_usd: number }>();
  const reported = new Map(results.map(({ event_id, micro_usd }) => [event_id, micro_usd]));
  return new Set(entries.filter(({ id, microUsd }) => reported.get(id) !== microUsd).map(({ id }) => id));
}
