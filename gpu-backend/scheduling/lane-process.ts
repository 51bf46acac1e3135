import { type ChildProcess, fork } from "node:child_process";
import { type FromLane, type LaneJob, type LaneLoad, parseFromLane, type ToLane } from "./lane-messages.ts";

/** How a lane is started. */
export interface LaneProcessOptions {
  /** The module that the process runs; it calls `serveLane`. */
  readonly modulePath: string;
  /** The process's environment. Secrets have no business in it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly load: Omit<LaneLoad, "kind">;
}

/** What came of a job or of loading; "died" when the process ended before it said anything. */
export type LaneReply = FromLane | { readonly kind: "died" };

/** One process that owns loaded models. */
export interface LaneProcess {
  readonly pid: number | undefined;
  /** "ready", or why it never will be. */
  readonly loaded: Promise<LaneReply>;
  readonly exited: Promise<void>;
  /** One job at a time. Never rejects. */
  run(job: LaneJob): Promise<LaneReply>;
  /** Asks the process to end, which it does between two steps of a sampler. */
  disconnect(): void;
  /** Ends the process at once, wherever it is. */
  kill(): void;
}

/** Starts a process and lets it load. */
export function startLaneProcess({ modulePath, environment, load }: LaneProcessOptions): LaneProcess {
  const child = fork(modulePath, [], {
    serialization: "advanced",
    env: { ...environment },
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ask = createAsker(child);
  return {
    pid: child.pid,
    loaded: ask({ kind: "load", ...load }),
    exited: exitOf(child),
    run: (job) => ask({ kind: "job", job }),
    disconnect: () => {
      if (child.connected) child.disconnect();
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** Sends a message and waits for the one that answers it: a lane answers each, in turn. */
function createAsker(child: ChildProcess): (message: ToLane) => Promise<LaneReply> {
  let isDead = false;
  let settle: ((reply: LaneReply) => void) | undefined;

  function answer(reply: LaneReply): void {
    settle?.(reply);
    settle = undefined;
  }

  function die(): void {
    isDead = true;
    answer({ kind: "died" });
  }

  child.on("message", (raw) => {
    const reply = parseFromLane(raw);
    if (reply !== undefined) answer(reply);
  });
  child.on("disconnect", die);
  child.on("exit", die);
  child.on("error", die);

  return (message) =>
    new Promise((resolve) => {
      settle = resolve;
      if (isDead) die();
      else child.send(message, (error) => (error === null ? undefined : die()));
    });
}

/** A process that could not even be started has no exit, only an error. */
function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => {
      if (child.pid === undefined) resolve();
    });
  });
}
