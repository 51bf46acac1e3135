import { err, ok, type Result } from "../../shared/result.ts";
import type { LaneJob } from "./lane-messages.ts";
import { type LaneProcess, type LaneProcessOptions, type LaneReply, startLaneProcess } from "./lane-process.ts";
import { createReadySlot, pause, type ReadySlot } from "./ready-slot.ts";

/** What a lane reports to the log: names, counts and reasons, nothing of a job. */
export interface LaneLog {
  info(entry: Readonly<Record<string, unknown>>, message: string): void;
  warn(entry: Readonly<Record<string, unknown>>, message: string): void;
}

/** A lane's settings. Times in milliseconds. */
export interface LaneOptions extends LaneProcessOptions {
  readonly log: LaneLog;
  /** A job that runs longer takes its process with it. */
  readonly jobMsMax: number;
  /** How long a job waits for a process that is still loading. */
  readonly readyMsMax: number;
  /** How long an ending process may take for the step it is in. */
  readonly stopMsMax: number;
}

/** Models in a process of their own, which is replaced when it dies. */
export interface Lane {
  isReady(): boolean;
  /** Whether the first process could load the models, and if not, why. */
  readonly started: Promise<Result<undefined, string>>;
  /** Resolves with "died" when the process ends in mid-job, and with "unready" when none is ready in time. */
  run(job: LaneJob): Promise<LaneReply | { readonly kind: "unready" }>;
  /** Ends the process and starts no other. */
  close(): Promise<void>;
}

const respawnDelayMsFirst = 100;
const respawnDelayMsMax = 10_000;

/** Starts a lane. */
export function createLane(options: LaneOptions): Lane {
  const closing = new AbortController();
  const slot = createReadySlot();
  let current = startLaneProcess(options);
  const started = current.loaded.then(loadOutcome);
  const ended = supervise();

  /** One turn a process. Only loading that fails again and again is slowed down. */
  async function supervise(): Promise<void> {
    for (let failures = 0; ; current = startLaneProcess(options)) {
      const isLoaded = await watch(current, slot, options.log);
      if (closing.signal.aborted) return;
      options.log.warn({ lanePid: current.pid, isLoaded }, "lane ended");
      failures = isLoaded ? 0 : failures + 1;
      if (failures > 0) await pause(backoffMs(failures), closing.signal);
      if (closing.signal.aborted) return;
    }
  }

  return {
    isReady: () => slot.get() !== undefined,
    started,
    async run(job) {
      const lane = await slot.wait(options.readyMsMax, closing.signal);
      if (lane === undefined) return { kind: "unready" };
      const timer = setTimeout(() => lane.kill(), options.jobMsMax);
      const reply = await lane.run(job);
      clearTimeout(timer);
      // Its exit is noticed a moment later, and the next job must not be given to it.
      if (reply.kind === "died") slot.clear(lane);
      return reply;
    },
    async close() {
      closing.abort();
      current.disconnect();
      const timer = setTimeout(() => current.kill(), options.stopMsMax);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Follows one process from start to exit. Whether it ever became ready. */
async function watch(lane: LaneProcess, slot: ReadySlot, log: LaneLog): Promise<boolean> {
  const outcome = loadOutcome(await lane.loaded);
  if (outcome.ok) {
    slot.fill(lane);
    log.info({ lanePid: lane.pid }, "lane ready");
  } else {
    log.warn({ lanePid: lane.pid, reason: outcome.error }, "lane cannot load");
    lane.kill();
  }
  await lane.exited;
  slot.clear(lane);
  return outcome.ok;
}

function loadOutcome(reply: LaneReply): Result<undefined, string> {
  if (reply.kind === "ready") return ok(undefined);
  return err(reply.kind === "failed" ? reply.reason : "The process ended while it loaded.");
}

/** The wait before a process is started after so many that could not load: doubling, up to a bound. */
export function backoffMs(failures: number): number {
  return Math.min(respawnDelayMsFirst * 2 ** (failures - 1), respawnDelayMsMax);
}
