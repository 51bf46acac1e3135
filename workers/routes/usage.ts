import type { Handler } from "hono";
import type { UsageDay, UsageList } from "../../shared/api/usage.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { dayMs, type UsageOfDay, type UsageReader } from "../usage/usage-by-day.ts";
import { notStored } from "./admin-accounts.ts";
import { readPage } from "./read-page.ts";

/** What the route needs. */
export interface UsageServices {
  readonly usage: UsageReader;
  readonly nowMs: () => number;
}

/** `GET /v1/usage?cursor&limit`: what the account was charged, by UTC day and kind of work, newest day first. */
export function getUsage({ usage, nowMs }: UsageServices): Handler<AppEnv> {
  return async (c) => {
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const tomorrow = Math.floor(nowMs() / dayMs) + 1;
    const beforeDay = Math.min(page.value.cursor ?? tomorrow, tomorrow);
    const { days, nextBeforeDay } = await usage.byDay(c.get("account"), { beforeDay, days: page.value.limit });
    const list: UsageList = {
      object: "list",
      data: days.map(dayAnswer),
      has_more: nextBeforeDay !== undefined,
      next_cursor: nextBeforeDay === undefined ? null : String(nextBeforeDay),
    };
    return c.json(list, 200, notStored);
  };
}

function dayAnswer({ day, requests, kinds }: UsageOfDay): UsageDay {
  return {
    object: "usage.day",
    day: new Date(day * dayMs).toISOString().slice(0, 10),
    requests,
    micro_usd: kinds.reduce((sum, { microUsd }) => sum + microUsd, 0),
    kinds: kinds.map(({ kind, lines, microUsd }) => ({ kind, lines, micro_usd: microUsd })),
  };
}
