import { join } from "node:path";
import { createLane, type Lane, type LaneOptions } from "../../gpu-backend/lane/lane.ts";
import { createScheduler, type Scheduler, type SchedulerTerms } from "../../gpu-backend/scheduling/scheduler.ts";
import { createServiceRate } from "../../gpu-backend/scheduling/service-rate.ts";
import { tinyDirectory } from "./tiny-bundle.ts";

/** What a lane with the tiny bundle loads. */
export const tinyLoad: LaneOptions["load"] = {
  directory: tinyDirectory,
  execution: { provider: "cpu", intraOpThreads: 1 },
  nice: 0,
  conditionCacheBytesMax: 1e6,
  latentEncoding: "float16",
  picturesMax: 8,
  latentTextKeys: ["ab".repeat(32)],
  originMarkKey: "a key of marks for tests, 32 or more",
};

/** A caller that stays. */
export const patient: Pick<SchedulerTerms, "signal"> = { signal: new AbortController().signal };

/** A scheduler, and the lane behind it. */
export interface TinyLane {
  readonly lane: Lane;
  readonly scheduler: Scheduler;
  readonly log: readonly string[];
  /** Process ids of the lanes that became ready, oldest first. */
  readonly pids: readonly number[];
}

/** Starts a lane with the tiny bundle. The test closes it. */
export function startTinyLane(change: Partial<LaneOptions> = {}, waitingMax = 8): TinyLane {
  const entries: string[] = [];
  const pids: number[] = [];
  const record = (entry: Readonly<Record<string, unknown>>, message: string) => {
    entries.push(JSON.stringify({ ...entry, message }));
    if (message === "lane ready") pids.push(Number(entry["lanePid"]));
  };
  const log = { info: record, warn: record };
  const lane = createLane({
    modulePath: join(import.meta.dirname, "../../gpu-backend/lane/lane-main.ts"),
    environment: process.env,
    load: tinyLoad,
    log,
    taskMsMax: () => 60_000,
    stuckMsMax: 60_000,
    readyMsMax: 60_000,
    stopMsMax: 5_000,
    ...change,
  });
  const bounds = { waitingMax, picturesMax: 8 };
  const scheduler = createScheduler({ bounds, lane, rate: createServiceRate(), log, now: () => performance.now() });
  return { lane, scheduler, log: entries, pids };
}
