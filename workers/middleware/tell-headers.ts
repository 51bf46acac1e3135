import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";

/**
 * Sets headers on the existing answer. `c.header` would copy the whole response for each: the answers of
 * our routes are made by Hono, so their headers can be changed in place.
 */
export function tellHeaders(c: Context<AppEnv>, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
}
