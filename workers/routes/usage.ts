import type { Handler } from "hono";
import type { UsageDay, UsageList } from "../../shared/api/usage.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import {
  dayMs,
  type UsageGrouping,
  type UsageOfDay,
  type UsageReader,
  type UsageSums,
  usageGroupings,
} from "../usage/usage-by-day.ts";
import { notStored } from "./admin-accounts.ts";
import { type CsvCell, csvResponse, wantsCsv } from "./csv.ts";
import { readPage } from "./read-page.ts";

/** What the route needs. */
export interface UsageServices {
  readonly usage: UsageReader;
  readonly nowMs: () => number;
}

/**
 * An account may have 100 keys at once and more over time: so many days by key, kind and tier are some 20 MB at most.
 */
const daysByKeyMax = 100;

/**
 * `GET /v1/usage?group_by&cursor&limit&format`: what the account was charged, by UTC day, newest first, and each day by
 * key, by kind of work, by tier, or by several of these.
 */
export function getUsage({ usage, nowMs }: UsageServices): Handler<AppEnv> {
  return async (c) => {
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const groupBy = readGroupBy(c.req.query("group_by"));
    if (!groupBy.ok) return failureResponse(c, groupBy.error);
    const isCsv = wantsCsv(c);
    if (!isCsv.ok) return failureResponse(c, isCsv.error);
    const { cursor, limit } = page.value;
    const tomorrow = Math.floor(nowMs() / dayMs) + 1;
    const { days, nextBeforeDay } = await usage.byDay(c.get("account"), {
      beforeDay: Math.min(cursor ?? tomorrow, tomorrow),
      days: groupBy.value.has("key") ? Math.min(limit, daysByKeyMax) : limit,
      groupBy: groupBy.value,
    });
    const nextCursor = nextBeforeDay === undefined ? null : String(nextBeforeDay);
    if (isCsv.value) return csvResponse(c, { name: "usage", ...usageTable(days, groupBy.value), nextCursor });
    const list: UsageList = {
      object: "list",
      data: days.map(dayAnswer),
      has_more: nextCursor !== null,
      next_cursor: nextCursor,
    };
    return c.json(list, 200, notStored);
  };
}

function readGroupBy(text = "kind"): Result<ReadonlySet<UsageGrouping>, Failure> {
  const names = text.split(",");
  const groupings = usageGroupings.filter((grouping) => names.includes(grouping));
  if (groupings.length === names.length) return ok(new Set(groupings));
  return err(invalidRequest("group_by", "'group_by' must be key, kind, tier, or several of them."));
}

function dayAnswer({ day, groups, ...sums }: UsageOfDay): UsageDay {
  return {
    object: "usage.day",
    day: isoDay(day),
    ...sumsAnswer(sums),
    groups: groups.map(({ key, kind, tier, ...part }) => ({
      ...(key !== undefined && { key }),
      ...(kind !== undefined && { kind }),
      ...(tier !== undefined && { tier }),
      ...sumsAnswer(part),
    })),
  };
}

function sumsAnswer({ requests, lines, microUsd, gpuMs, savedMicroUsd, savedGpuMs }: UsageSums) {
  return {
    requests,
    lines,
    micro_usd: microUsd,
    gpu_ms: gpuMs,
    saved: { micro_usd: savedMicroUsd, gpu_ms: savedGpuMs },
  };
}

const sumColumns = ["requests", "lines", "micro_usd", "gpu_ms", "saved_micro_usd", "saved_gpu_ms"] as const;

/** A row a group of a day, so that columns can be added up. */
function usageTable(days: readonly UsageOfDay[], groupBy: ReadonlySet<UsageGrouping>) {
  const groupings = usageGroupings.filter((grouping) => groupBy.has(grouping));
  const rows = days.flatMap(({ day, groups }) =>
    groups.map((group): readonly CsvCell[] => [
      isoDay(day),
      ...groupings.map((grouping) => group[grouping] ?? null),
      group.requests,
      group.lines,
      group.microUsd,
      group.gpuMs,
      group.savedMicroUsd,
      group.savedGpuMs,
    ]),
  );
  return { columns: ["day", ...groupings, ...sumColumns], rows };
}

function isoDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
