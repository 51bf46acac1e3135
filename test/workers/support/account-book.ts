import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { AccountBook } from "../../../workers/account/account-book.ts";

// The bindings as the platform has them: the Worker's own types name only the methods that it calls.
const bindings = env as unknown as { readonly ACCOUNT_LEDGERS: DurableObjectNamespace };

/** Who gives the tests their credit. */
export const actor = { name: "test", requestId: "req_test" };

/** The stub of an account's ledger. */
export function ledgerStub(account: string): DurableObjectStub {
  return bindings.ACCOUNT_LEDGERS.getByName(account);
}

/** Runs `work` with the books of a new account on real storage, inside its object. */
export function withBook<Value>(
  work: (book: AccountBook, state: DurableObjectState) => Value | Promise<Value>,
): Promise<Value> {
  const stub = ledgerStub(`account-${crypto.randomUUID()}`);
  return runInDurableObject(stub, (_, state) => work(new AccountBook(state.storage), state));
}

/** The sum of all entries of each bucket, added up from the first to the last. */
export function sumEntries(sql: SqlStorage): Record<string, number> {
  const rows = sql.exec<{ bucket: string; sum: number }>(
    "SELECT bucket, SUM(micro_usd) AS sum FROM entries GROUP BY bucket",
  );
  return Object.fromEntries(rows.toArray().map(({ bucket, sum }) => [bucket, sum]));
}
