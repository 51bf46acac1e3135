import type { Handler } from "hono";
import type { Traffic } from "../../shared/api/traffic.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { trafficDaysMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { percentileError } from "../usage/latency-histogram.ts";
import { hourMs } from "../usage/request-table.ts";
import { summariseTraffic } from "../usage/summarise-traffic.ts";
import { type HourRange, hourAt, type TrafficReader } from "../usage/traffic.ts";
import { notStored } from "./admin-accounts.ts";

const hoursPerDay = 24;

/** Up to so many days, hours are shown. */
const hourlyDaysMax = 2;

/** What the route needs. */
export interface TrafficServices {
  readonly traffic: TrafficReader;
  readonly nowMs: () => number;
}

/**
 * `GET /v1/admin/traffic?days`: requests, tiers, durations and failures of the last days, the present hour included.
 */
export function getTraffic({ traffic, nowMs }: TrafficServices): Handler<AppEnv> {
  return async (c) => {
    const days = readDays(c.req.query("days"));
    if (!days.ok) return failureResponse(c, days.error);
    const range = lastDays(days.value, nowMs());
    const { total, slots } = summariseTraffic(await traffic.counts(range), range);
    const body: Traffic = {
      object: "traffic",
      from: new Date(range.from * hourMs).toISOString(),
      until: new Date(range.until * hourMs).toISOString(),
      slot_seconds: (range.slotHours * hourMs) / 1_000,
      percentile_error: Math.ceil(percentileError * 1_000) / 1_000,
      total,
      slots,
    };
    return c.json(body, 200, notStored);
  };
}

/** Reads `?days=`. Fails with `invalid_request` naming it. */
export function readDays(text = "7"): Result<number, Failure> {
  const isWithin = /^\d{1,3}$/u.test(text) && Number(text) >= 1 && Number(text) <= trafficDaysMax;
  if (isWithin) return ok(Number(text));
  return err(invalidRequest("days", `'days' must be a whole number from 1 to ${trafficDaysMax}.`));
}

/** Whole hours, or whole UTC days, of which the last one is the present. */
function lastDays(days: number, nowMs: number): HourRange {
  const slotHours = days <= hourlyDaysMax ? 1 : hoursPerDay;
  const until = (Math.floor(hourAt(nowMs) / slotHours) + 1) * slotHours;
  return { from: until - days * hoursPerDay, until, slotHours };
}
