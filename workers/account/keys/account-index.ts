import type { PageRequest } from "../../../shared/api/account-request.ts";
import type { AccountRecord } from "./account-record.ts";

/** An account as a list shows it. */
export type ListedAccount = Pick<AccountRecord, "id" | "name" | "suspended" | "createdMs">;

/** Which accounts there are. A copy for lists alone: what counts stands in the account's object. */
export interface AccountIndex {
  put(account: ListedAccount): Promise<void>;
  /** In the order of their ids. */
  list(page: PageRequest): Promise<readonly ListedAccount[]>;
}

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly suspended: number;
  readonly created_ms: number;
}

/** The index in D1; see migrations/. */
export function createAccountIndex(database: Pick<D1Database, "prepare">): AccountIndex {
  return {
    async put({ id, name, suspended, createdMs }) {
      const upsert = `INSERT INTO accounts (id, name, suspended, created_ms) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, suspended = excluded.suspended`;
      await database.prepare(upsert).bind(id, name, Number(suspended), createdMs).run();
    },

    async list({ after = "", limit }) {
      const query = database.prepare("SELECT * FROM accounts WHERE id > ? ORDER BY id LIMIT ?").bind(after, limit);
      const { results } = await query.all<AccountRow>();
      return results.map(({ id, name, suspended, created_ms }) => ({
        id,
        name,
        suspended: suspended !== 0,
        createdMs: created_ms,
      }));
    },
  };
}
