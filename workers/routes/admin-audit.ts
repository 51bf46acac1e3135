import type { Handler } from "hono";
import { parsePageRequest } from "../../shared/api/account-request.ts";
import { invalidRequest } from "../../shared/errors.ts";
import type { Accounts } from "../account/client.ts";
import type { AuditEntry } from "../account/keys/audit.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { accountParam, isoTime, notStored } from "./admin-accounts.ts";

/** `GET /v1/admin/accounts/{account}/audit?limit&after`: the changes of the account and who made them, oldest first. */
export function getAudit({ accounts }: { readonly accounts: Accounts }): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const page = parsePageRequest(c.req.query());
    if (!page.ok) return failureResponse(c, page.error);
    const { limit, after = "0" } = page.value;
    if (!/^\d{1,15}$/u.test(after)) {
      return failureResponse(c, invalidRequest("after", "'after' must be the number of an entry."));
    }
    const entries = await accounts.of(account).audit({ after: Number(after), limit: limit + 1 });
    const body = { object: "list", data: entries.slice(0, limit).map(auditItem), has_more: entries.length > limit };
    return c.json(body, 200, notStored);
  };
}

function auditItem({ id, atMs, actor, requestId, action, subject, details }: AuditEntry) {
  return { object: "audit_entry", id, at: isoTime(atMs), actor, request_id: requestId, action, subject, details };
}
