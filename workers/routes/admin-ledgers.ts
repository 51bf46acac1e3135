import type { Handler } from "hono";
import { parsePageRequest } from "../../shared/api/account-request.ts";
import type { LedgerItem } from "../../shared/api/operator-answers.ts";
import type { Accounts } from "../account/client.ts";
import type { AccountIndex } from "../account/keys/account-index.ts";
import type { LedgerHealth } from "../account/money/ledger-health.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { accountParam, isoTime, notStored } from "./admin-accounts.ts";

/** What the route needs. */
export interface LedgerServices {
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly lastReconciled: (accounts: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

/** `GET /v1/admin/ledgers?limit&after`: the state of each account's ledger, from the ledger itself, by account id. */
export function listLedgers({ accounts, accountIndex, lastReconciled }: LedgerServices): Handler<AppEnv> {
  return async (c) => {
    const page = parsePageRequest(c.req.query());
    if (!page.ok) return failureResponse(c, page.error);
    const { limit } = page.value;
    const found = await accountIndex.list({ ...page.value, limit: limit + 1 });
    const ids = found.slice(0, limit).map(({ id }) => id);
    const [reconciled, ledgers] = await Promise.all([
      lastReconciled(ids),
      Promise.all(ids.map(async (id) => ({ id, health: await accounts.of(id).ledgerHealth() }))),
    ]);
    const data = ledgers.map(({ id, health }) => ledgerItem(id, health, reconciled.get(id)));
    return c.json({ object: "list", data, has_more: found.length > limit }, 200, notStored);
  };
}

/** `GET /v1/admin/accounts/{account}/ledger`: the state of one account's ledger. */
export function getLedger({ accounts, lastReconciled }: Omit<LedgerServices, "accountIndex">): Handler<AppEnv> {
  return async (c) => {
    const id = accountParam(c);
    const isOpen = id !== undefined && (await accounts.of(id).account()) !== undefined;
    if (!isOpen) return failureResponse(c, { code: "not_found", what: "account" });
    const [reconciled, health] = await Promise.all([lastReconciled([id]), accounts.of(id).ledgerHealth()]);
    return c.json(ledgerItem(id, health, reconciled.get(id)), 200, notStored);
  };
}

function ledgerItem(account: string, health: LedgerHealth, reconciledMs: number | undefined): LedgerItem {
  const { balances } = health;
  return {
    object: "ledger",
    account,
    balanced: health.isBalanced,
    available_micro_usd: balances.available,
    held_micro_usd: balances.held,
    spent_micro_usd: balances.spent,
    open_reservations: health.openReservations,
    oldest_reservation: isoTime(health.oldestReservationMs),
    outbox_events: health.outboxEvents,
    oldest_event: isoTime(health.oldestEventMs),
    reconciled: isoTime(reconciledMs),
  };
}
