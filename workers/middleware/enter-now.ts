import type { Context } from "hono";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "./app-env.ts";

/** Has the account asked now, where its route left that for later. Nothing to ask where nobody showed a key. */
export async function enterNow(c: Context<AppEnv>): Promise<Result<undefined, Failure>> {
  const admission = await c.get("gate")?.admit();
  if (admission === undefined) return ok(undefined);
  if (!admission.outcome.ok) return admission.outcome;
  c.set("scopes", admission.outcome.value.scopes);
  return ok(undefined);
}
