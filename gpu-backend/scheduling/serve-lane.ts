import { AppError } from "../../shared/errors.ts";
import { type FromLane, type LaneJob, type LaneLoad, parseToLane } from "./lane-messages.ts";

/** Does one job. The parent checks the outcome, a plain object, by its schema. What is thrown fails that job alone. */
export type LaneWork = (job: LaneJob) => Promise<object>;

/**
 * Makes this process a lane: loads when told to, then does jobs until the channel to its parent closes, which ends it,
 * so that no lane outlives its server. Signals to the process group are left to the parent, which lets work finish.
 */
export function serveLane(load: (options: LaneLoad) => Promise<LaneWork>): void {
  let work: LaneWork | undefined;

  process.on("disconnect", () => process.exit(0));
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => undefined);
  process.on("message", (raw) => {
    const message = parseToLane(raw);
    if (message?.kind === "load") void loadAndReport(message);
    if (message?.kind === "job") void workAndReport(message.job);
  });

  async function loadAndReport(options: LaneLoad): Promise<void> {
    try {
      work = await load(options);
      send({ kind: "ready" });
    } catch (error) {
      send({ kind: "failed", reason: reasonOf(error) });
    }
  }

  async function workAndReport(job: LaneJob): Promise<void> {
    try {
      if (work === undefined) throw new AppError("A job came before the models were loaded.");
      const outcome = await work(job);
      send({ kind: "done", outcome, residentBytes: process.memoryUsage.rss() });
    } catch (error) {
      send({ kind: "failed", reason: reasonOf(error) });
    }
  }
}

function send(message: FromLane): void {
  // The parent may be gone by now; then this process ends anyway.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Our own messages hold no values. Those of other errors may, so of them only the name and the place are told. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  if (!(error instanceof Error)) return "Something that is no error was thrown.";
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at ")) ?? "";
  return `${error.name} ${place.trim()}`;
}
