import type { Context, Handler } from "hono";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "./app-env.ts";
import { failureResponse } from "./errors.ts";

/**
 * Asks the account for admission, unless it was asked already. Fails with its refusal. Callers without a key may enter.
 */
export async function enterNow(c: Context<AppEnv>): Promise<Result<undefined, Failure>> {
  const admission = await c.get("gate")?.admit();
  if (admission === undefined) return ok(undefined);
  if (!admission.outcome.ok) return admission.outcome;
  c.set("scopes", admission.outcome.value.scopes);
  return ok(undefined);
}

/**
 * The handler of a route whose admission comes with its reservation. If `respond` ends without having reserved, the
 * account is asked then: a refusal precedes any other failure, also a thrown one, and a request without money counts
 * against the rate too.
 */
export function answerAdmitted(respond: (c: Context<AppEnv>) => Promise<Result<Response, Failure>>): Handler<AppEnv> {
  return async (c) => {
    const answer = await respond(c).catch((thrown: unknown) => ({ ok: false as const, thrown }));
    const entered = await enterNow(c);
    if (answer.ok) return answer.value;
    if (!entered.ok) return failureResponse(c, entered.error);
    if ("thrown" in answer) throw answer.thrown;
    return failureResponse(c, answer.error);
  };
}
