import type { Handler } from "hono";
import { parsePageRequest } from "../../shared/api/account-request.ts";
import type { AccountAuditList } from "../../shared/api/admin-answers.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AuditIndex, AuditPlace } from "../account/keys/audit-index.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { notStored } from "./admin-accounts.ts";
import { auditItem } from "./admin-audit.ts";

/** `GET /v1/admin/audit/accounts?limit&cursor`: the changes of all accounts and who made them, newest first. */
export function listAudit({ auditIndex }: { readonly auditIndex: Pick<AuditIndex, "list"> }): Handler<AppEnv> {
  return async (c) => {
    const page = parsePageRequest({ limit: c.req.query("limit") });
    if (!page.ok) return failureResponse(c, page.error);
    const before = readCursor(c.req.query("cursor"));
    if (!before.ok) return failureResponse(c, before.error);
    const { limit } = page.value;
    const found = await auditIndex.list(before.value, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    const body: AccountAuditList = {
      object: "list",
      data: shown.map(({ account, ...entry }) => ({ ...auditItem(entry), account })),
      has_more: last !== undefined,
      next_cursor: last === undefined ? null : cursorOf(last),
    };
    return c.json(body, 200, notStored);
  };
}

/** Account ids hold no colon. */
function cursorOf({ atMs, id, account }: AuditPlace): string {
  return `${atMs}:${id}:${account}`;
}

function readCursor(text: string | undefined): Result<AuditPlace | undefined, Failure> {
  if (text === undefined) return ok(undefined);
  const [, atMs, id, account] = /^(\d{1,15}):(\d{1,15}):([a-z0-9._-]{1,64})$/u.exec(text) ?? [];
  if (account !== undefined) return ok({ atMs: Number(atMs), id: Number(id), account });
  return err(invalidRequest("cursor", "'cursor' must be a 'next_cursor' that this list gave."));
}
