import type { Context } from "hono";
import type { KeyScope } from "../../shared/api/key-scopes.ts";
import type { Failure } from "../../shared/errors.ts";
import type { AppEnv } from "../middleware/app-env.ts";

/** Whoever reads or erases all that an account has may read and erase each of its parts. */
const scopesOfAll: readonly KeyScope[] = ["read", "latents", "jobs"];

/** The failure of a key that lacks one of the scopes; undefined: it has them. */
export function lacksScope(c: Context<AppEnv>): Failure | undefined {
  const scope = scopesOfAll.find((wanted) => c.get("scopes")?.includes(wanted) !== true);
  return scope && { code: "insufficient_scope", scope };
}
