import type { Context } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { idempotencyKeyCharactersMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Caller } from "../generation/caller.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { edgeLocation } from "../middleware/edge-location.ts";
import { requestOrigin } from "../middleware/request-origin.ts";

const keyPattern = new RegExp(`^[\\x21-\\x7e]{1,${idempotencyKeyCharactersMax}}$`, "u");

/** Who asks, and what the headers say about this being a repeat. Fails on a key that no client means. */
export function readCaller(c: Context<AppEnv>): Result<Caller, Failure> {
  const idempotencyKey = c.get("paymentName") ?? c.req.header("idempotency-key");
  if (idempotencyKey !== undefined && !keyPattern.test(idempotencyKey)) {
    const rule = `must be 1 to ${idempotencyKeyCharactersMax} visible ASCII characters`;
    return err(invalidRequest(null, `The header 'Idempotency-Key' ${rule}.`));
  }
  return ok({
    account: c.get("account"),
    keyId: c.get("keyId"),
    models: c.get("models"),
    mayShare: c.get("scopes")?.includes("shared_cache"),
    noteModel: (revision) => c.set("revision", revision),
    location: edgeLocation(c.req.raw),
    origin: requestOrigin(c),
    priority: "interactive",
    signal: c.req.raw.signal,
    idempotencyKey,
    // OpenAI's clients send no key, but count their own retries.
    isRetry: Number(c.req.header("x-stainless-retry-count") ?? 0) > 0,
  });
}
