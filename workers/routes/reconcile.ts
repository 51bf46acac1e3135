import type { Handler } from "hono";
import type { AppEnv } from "../middleware/app-env.ts";
import type { Reconciliation } from "../usage/reconcile.ts";
import { notStored } from "./admin-accounts.ts";

/** `POST /v1/admin/reconciliations`: compares ledgers, usage table and meter now, and repairs what is missing. */
export function postReconciliation(services: { readonly reconcile: () => Promise<Reconciliation> }): Handler<AppEnv> {
  return async (c) => {
    const { accounts, checked, repaired, unrepaired, unmetered } = await services.reconcile();
    return c.json({ object: "reconciliation", accounts, checked, repaired, unrepaired, unmetered }, 200, notStored);
  };
}
