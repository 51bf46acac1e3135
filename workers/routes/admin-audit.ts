import type { Handler } from "hono";
import { parsePageRequest } from "../../shared/api/account-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { AuditEntry, AuditPage } from "../account/keys/audit.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { ModelAudit, ModelAuditEntry } from "../models/model-audit.ts";
import { accountParam, isoTime, notStored } from "./admin-accounts.ts";

/** `GET /v1/admin/accounts/{account}/audit?limit&after`: the changes of the account and who made them, oldest first. */
export function getAudit({ accounts }: { readonly accounts: Accounts }): Handler<AppEnv> {
  return async (c) => {
    const account = accountParam(c);
    if (account === undefined) return failureResponse(c, { code: "not_found", what: "account" });
    const page = readAuditPage(c.req.query());
    if (!page.ok) return failureResponse(c, page.error);
    const entries = await accounts.of(account).audit({ ...page.value, limit: page.value.limit + 1 });
    return c.json(auditList(entries, page.value), 200, notStored);
  };
}

/** `GET /v1/admin/audit/models?limit&after`: what was done to the models and who did it, oldest first. */
export function getModelAudit({ modelAudit }: { readonly modelAudit: Pick<ModelAudit, "read"> }): Handler<AppEnv> {
  return async (c) => {
    const page = readAuditPage(c.req.query());
    if (!page.ok) return failureResponse(c, page.error);
    const entries = await modelAudit.read({ ...page.value, limit: page.value.limit + 1 });
    return c.json(auditList(entries, page.value), 200, notStored);
  };
}

function readAuditPage(query: Record<string, string>): Result<AuditPage, Failure> {
  const page = parsePageRequest(query);
  if (!page.ok) return page;
  const { limit, after = "0" } = page.value;
  if (/^\d{1,15}$/u.test(after)) return ok({ after: Number(after), limit });
  return err(invalidRequest("after", "'after' must be the number of an entry."));
}

/** Of one entry more than the page has, which says whether there are more. */
function auditList(entries: readonly (AuditEntry | ModelAuditEntry)[], { limit }: AuditPage) {
  return { object: "list", data: entries.slice(0, limit).map(auditItem), has_more: entries.length > limit };
}

/** An entry as the API shows it. */
export function auditItem({ id, atMs, actor, requestId, action, subject, details }: AuditEntry | ModelAuditEntry) {
  const at = isoTime(atMs);
  return { object: "audit_entry" as const, id, at, actor, request_id: requestId, action, subject, details };
}
