import type { Handler } from "hono";
import type { SpendAnswer } from "../../shared/api/spend.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { Spend, SpendReader } from "../usage/spend.ts";
import { dayMs } from "../usage/usage-by-day.ts";
import { notStored } from "./admin-accounts.ts";
import { readDays } from "./admin-traffic.ts";

/** What the route needs. */
export interface SpendServices {
  readonly spend: SpendReader;
  readonly nowMs: () => number;
}

/** A table that a person reads. */
const entriesMax = 25;

/** `GET /v1/admin/spend?days`: the accounts and keys that were charged most in the last UTC days, today included. */
export function getSpend({ spend, nowMs }: SpendServices): Handler<AppEnv> {
  return async (c) => {
    const days = readDays(c.req.query("days"));
    if (!days.ok) return failureResponse(c, days.error);
    const fromDay = Math.floor(nowMs() / dayMs) + 1 - days.value;
    const { totalMicroUsd, accounts, keys } = await spend.top(fromDay, entriesMax);
    const body: SpendAnswer = {
      object: "spend",
      from: new Date(fromDay * dayMs).toISOString().slice(0, 10),
      total_micro_usd: totalMicroUsd,
      accounts: accounts.map((row) => ({ account: row.account, ...sumsOf(row) })),
      keys: keys.map((row) => ({ account: row.account, key: row.keyId, ...sumsOf(row) })),
    };
    return c.json(body, 200, notStored);
  };
}

function sumsOf({ requests, microUsd, savedMicroUsd, gpuMs }: Spend) {
  return { requests, micro_usd: microUsd, saved_micro_usd: savedMicroUsd, gpu_ms: gpuMs };
}
