import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { AccountAuditList } from "../../../shared/api/admin-answers.ts";
import { ledgerStub } from "../support/account-book.ts";
import { TestEdge } from "../support/test-edge.ts";

let edge: TestEdge;
let prefix: string;

beforeEach(async () => {
  edge = new TestEdge();
  prefix = crypto.randomUUID();
  await edge.env.USAGE.prepare("DELETE FROM account_audit").run();
});

async function page(query = ""): Promise<AccountAuditList> {
  const response = await edge.get(edge.env.ADMIN_SECRET, `/v1/admin/audit/accounts${query}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return response.json();
}

/** An account with its first key, whose entries have reached the list. */
async function openAccount(name: string): Promise<string> {
  const id = `${prefix}-${name}`;
  await edge.createKey(id, 500);
  edge.nowMs += 2_000;
  await runDurableObjectAlarm(ledgerStub(id));
  return id;
}

const shown = ({ data }: AccountAuditList) => data.map(({ account, action }) => [account, action]);
const ofNew = (account: string) => [
  [account, "key.created"],
  [account, "credit.granted"],
  [account, "account.opened"],
];

test("lists the changes of all accounts newest first, as each account's own log has them", async () => {
  const [first, second] = [await openAccount("a"), await openAccount("b")];
  const list = await page();
  expect(shown(list)).toEqual([...ofNew(second), ...ofNew(first)]);
  expect([list.has_more, list.next_cursor]).toEqual([false, null]);
  const own = await (await edge.admin("GET", `${first}/audit`)).json<{ readonly data: readonly object[] }>();
  expect(list.data.filter(({ account }) => account === first).toReversed()).toEqual(
    own.data.map((entry) => ({ ...entry, account: first })),
  );
});

test("goes from page to page and tells every entry once, also those of one moment and of one that comes meanwhile", async () => {
  const accounts = [await openAccount("a"), await openAccount("b")];
  await edge.env.USAGE.prepare("UPDATE account_audit SET at_ms = 1700000000000").run();
  const told: AccountAuditList["data"][number][] = [];
  for (let query = "?limit=2"; query !== ""; ) {
    const { data, has_more, next_cursor } = await page(query);
    told.push(...data);
    expect(has_more).toBe(next_cursor !== null);
    query = next_cursor === null ? "" : `?limit=2&cursor=${next_cursor}`;
    if (told.length === 2) await openAccount("later");
  }
  expect(told.map(({ account, id }) => `${account} ${id}`)).toEqual(
    accounts.toReversed().flatMap((account) => [3, 2, 1].map((id) => `${account} ${id}`)),
  );
});

test("lists each change once, however often it is copied", async () => {
  const id = await openAccount("again");
  await runInDurableObject(ledgerStub(id), (_, { storage }) => void storage.sql.exec("UPDATE audit_copied SET id = 0"));
  await edge.ledger(id).copyAudit();
  expect(shown(await page())).toEqual(ofNew(id));
});

test("is completed by the reconciliation with the changes of accounts that were idle since", async () => {
  const id = await openAccount("idle");
  await edge.env.USAGE.prepare("DELETE FROM account_audit").run();
  await runInDurableObject(ledgerStub(id), (_, { storage }) => void storage.sql.exec("UPDATE audit_copied SET id = 0"));
  const headers = { authorization: `Bearer ${edge.env.ADMIN_SECRET}` };
  await edge.fetch("/v1/admin/reconciliations", { method: "POST", headers });
  expect(shown(await page()).filter(([account]) => account === id)).toEqual(ofNew(id));
});

test.each([
  ["limit=0", "limit"],
  ["limit=101", "limit"],
  ["cursor=yesterday", "cursor"],
  ["cursor=1:2:", "cursor"],
])("refuses ?%s, naming the parameter", async (query, param) => {
  const response = await edge.get(edge.env.ADMIN_SECRET, `/v1/admin/audit/accounts?${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
});
