import type { HonoRequest } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { pageEntriesMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** Enough for a person, and for most programs. */
const pageEntriesDefault = 100;

/** Which stretch of a list is wanted. */
export interface PageQuery {
  /** The entry before the first that is wanted; undefined for the start of the list. */
  readonly cursor: number | undefined;
  readonly limit: number;
}

/** Reads `?limit=` and `?cursor=`. Fails with `invalid_request` naming the parameter. */
export function readPage(request: HonoRequest): Result<PageQuery, Failure> {
  const { limit = String(pageEntriesDefault), cursor } = request.query();
  if (!/^\d{1,4}$/u.test(limit) || Number(limit) < 1 || Number(limit) > pageEntriesMax) {
    return err(invalidRequest("limit", `'limit' must be a whole number from 1 to ${pageEntriesMax}.`));
  }
  if (cursor !== undefined && !/^\d{1,15}$/u.test(cursor)) {
    return err(invalidRequest("cursor", "'cursor' must be a 'next_cursor' that this list gave."));
  }
  return ok({ limit: Number(limit), cursor: cursor === undefined ? undefined : Number(cursor) });
}
