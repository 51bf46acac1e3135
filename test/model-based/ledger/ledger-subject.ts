import { expect } from "vitest";
import { AccountBook } from "../../../workers/account/account-book.ts";
import { AccountAdmin } from "../../../workers/account/keys/account-admin.ts";
import { spentMicroUsd } from "../../../workers/account/keys/allowance.ts";
import { readKeys } from "../../../workers/account/keys/key-record.ts";
import { owedMicroUsd } from "../../../workers/account/money/reversals.ts";
import type { Subject } from "../support/explore.ts";
import type { Rewrite, SqliteStorage } from "../support/sqlite-storage.ts";
import { ledgerActs } from "./ledger-acts.ts";
import { LedgerModel } from "./ledger-model.ts";
import { actor, type RealLedger } from "./real-ledger.ts";

/** The real ledger's clock and storage, and what of both a test may put a fault into. */
export interface Plant {
  readonly book?: (book: AccountBook) => AccountBook;
  readonly rewrite?: Rewrite;
}

const startMs = Date.UTC(2026, 10, 22);
const requestsMax = 3;
const creditMicroUsd = 220;
const budgetMicroUsd = 150;

/** The hashes of two keys, of which the second may spend so much a day. */
const hashes = { free: "a".repeat(64), limited: "b".repeat(64) };

/** The ledger on a storage that is used by one story after another. */
export function ledgerSubject(
  storage: SqliteStorage,
  { book: faulty, rewrite }: Plant = {},
): Subject<LedgerModel, RealLedger> {
  storage.rewrite = (query) => query;
  const written = new AccountBook(storage);
  const admin = new AccountAdmin(storage);
  const book = faulty?.(written) ?? written;
  const keys = openKeys(admin, storage);
  if (rewrite !== undefined) storage.rewrite = rewrite;
  const budgets = { [keys.limited]: budgetMicroUsd };
  return {
    name: "ledger",
    acts: ledgerActs(Object.values(keys)),
    start() {
      storage.begin();
      const model = new LedgerModel({ nowMs: startMs, requestsMax, budgets });
      model.grant("first", creditMicroUsd);
      book.grant({ grantId: "first", microUsd: creditMicroUsd, actor }, startMs);
      const real = { book, admin, storage, clock: { nowMs: startMs } };
      return { model, real };
    },
    view: {
      model: (model) => ({
        granted: 0 - model.granted,
        available: model.available,
        held: model.held,
        spent: model.spent,
        owed: model.owed,
        dueMs: model.nextDueMs,
        spentToday: Object.values(keys).map((key) => model.spentToday(key)),
      }),
      real: ({ clock: { nowMs } }) => ({
        ...book.balances(),
        owed: owedMicroUsd(storage.sql),
        dueMs: book.nextDueMs(),
        spentToday: Object.values(keys).map((key) => spentMicroUsd(storage.sql, key, nowMs)),
      }),
    },
    finish: () => compareWithEntries(storage, book),
    close: () => storage.undo(),
  };
}

function openKeys(admin: AccountAdmin, storage: SqliteStorage): Record<keyof typeof hashes, string> {
  const order = { actor, nowMs: startMs };
  admin.change("modelled", { concurrencyMax: requestsMax }, order);
  const terms = { name: "", scopes: [], expiresMs: undefined, requestsPerMinute: undefined };
  admin.createKey(hashes.free, { ...terms, budgetMicroUsdPerDay: undefined }, order);
  admin.createKey(hashes.limited, { ...terms, budgetMicroUsdPerDay: budgetMicroUsd }, order);
  const [free = "", limited = ""] = readKeys(storage.sql).map(({ id }) => id);
  return { free, limited };
}

/** Entries sum to the balances, and all that was spent has gone into the outbox, in the same lines. */
function compareWithEntries({ sql }: SqliteStorage, book: AccountBook): void {
  const sums = sql.exec("SELECT bucket, SUM(micro_usd) AS sum FROM entries GROUP BY bucket").toArray();
  const entered = Object.fromEntries(sums.map(({ bucket, sum }) => [bucket, sum]));
  const balances = book.balances();
  expect({ granted: 0, available: 0, held: 0, spent: 0, ...entered }).toEqual(balances);
  const told = sql.exec(
    "SELECT COALESCE(SUM(line.value ->> 'microUsd'), 0) AS sum FROM outbox, json_each(event, '$.lines') AS line",
  );
  expect(told.one()).toEqual({ sum: balances.spent });
}
