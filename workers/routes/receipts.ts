import type { Handler } from "hono";
import type { ReceiptList } from "../../shared/api/account-data.ts";
import type { Accounts } from "../account/client.ts";
import type { LedgerEntry } from "../account/money/entry-list.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { notStored } from "./admin-accounts.ts";
import { csvResponse, wantsCsv } from "./csv.ts";
import { readPage } from "./read-page.ts";

const grantPrefix = "grant:";

/** `GET /v1/receipts?cursor&limit&format`: every credit of the account, and what was taken back, newest first. */
export function listReceipts({ accounts }: { readonly accounts: Accounts }): Handler<AppEnv> {
  return async (c) => {
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const isCsv = wantsCsv(c);
    if (!isCsv.ok) return failureResponse(c, isCsv.error);
    const { cursor = Number.MAX_SAFE_INTEGER, limit } = page.value;
    const found = await accounts.of(c.get("account")).credits(cursor, limit + 1);
    const shown = found.slice(0, limit);
    const nextCursor = found.length > limit ? String(shown.at(-1)?.id) : null;
    const data = shown.map(toReceipt);
    if (isCsv.value) return csvResponse(c, { name: "receipts", ...receiptTable(data), nextCursor });
    const list: ReceiptList = { object: "list", data, has_more: nextCursor !== null, next_cursor: nextCursor };
    return c.json(list, 200, notStored);
  };
}

function toReceipt({ transactionId, microUsd, atMs }: LedgerEntry): ReceiptList["data"][number] {
  const isGrant = transactionId.startsWith(grantPrefix);
  return {
    object: "receipt",
    id: transactionId,
    kind: isGrant ? "credit" : "reversal",
    reference: isGrant ? transactionId.slice(grantPrefix.length) : null,
    // The ledger takes credit out of `granted`, which is where money comes from.
    micro_usd: -microUsd,
    created: Math.floor(atMs / 1_000),
  };
}

function receiptTable(receipts: ReceiptList["data"]) {
  return {
    columns: ["created", "kind", "reference", "micro_usd", "id"],
    rows: receipts.map(({ created, kind, reference, micro_usd, id }) => [
      new Date(created * 1_000).toISOString(),
      kind,
      reference,
      micro_usd,
      id,
    ]),
  };
}
