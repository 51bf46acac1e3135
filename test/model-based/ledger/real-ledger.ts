import type { AccountBook } from "../../../workers/account/account-book.ts";
import type { AccountAdmin } from "../../../workers/account/keys/account-admin.ts";
import type { SqliteStorage } from "../support/sqlite-storage.ts";

/** A ledger, its keys and its clock. */
export interface RealLedger {
  readonly book: AccountBook;
  readonly admin: AccountAdmin;
  readonly storage: SqliteStorage;
  readonly clock: { nowMs: number };
}

/** Who gives the tests their credit. */
export const actor = { name: "test", requestId: "req_test" };
