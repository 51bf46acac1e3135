import { type ChildProcess, fork } from "node:child_process";
import {
  type FromLane,
  type LaneLoad,
  type LaneNews,
  type LaneRun,
  parseFromLane,
  type Submission,
  type TaskAnswer,
  type ToLane,
} from "./lane-messages.ts";

/** How a lane is started. */
export interface LaneProcessOptions {
  /** The module that the process runs; it calls `serveLane`. */
  readonly modulePath: string;
  /** The process's environment. Secrets have no business in it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly load: Omit<LaneLoad, "kind">;
  /** Hears of every run of a graph. Must not throw. */
  readonly onRan?: ((run: LaneRun) => void) | undefined;
}

/** "died": the process ended before it said anything. */
export interface Died {
  readonly kind: "died";
}

/** What came of loading. */
export type LoadReply = Exclude<FromLane, { readonly id: number } | { readonly kind: "ran" }> | Died;

/** Receives a task's reports before its answer. Must not throw. */
export type OnNews = (news: LaneNews) => void;

/** One process that owns loaded models. */
export interface LaneProcess {
  readonly pid: number | undefined;
  /** "ready", or why it never will be. */
  readonly loaded: Promise<LoadReply>;
  readonly exited: Promise<void>;
  /** Does a task beside those that it has already, telling `onNews` how it goes. Never rejects. */
  run(submission: Omit<Submission, "kind">, onNews: OnNews): Promise<TaskAnswer | Died>;
  /** Asks the process to stop a task between two runs; the task is answered all the same. */
  stop(id: number): void;
  /** Asks the process to end, which it does between two runs. */
  disconnect(): void;
  /** Ends the process at once, wherever it is. */
  kill(): void;
}

/** Starts a process and lets it load. */
export function startLaneProcess({ modulePath, environment, load, onRan }: LaneProcessOptions): LaneProcess {
  const child = fork(modulePath, [], {
    serialization: "advanced",
    env: { ...environment },
    // Its JavaScript makes little garbage; with Node's own bound that little would grow to 15 MB.
    execArgv: ["--max-semi-space-size=2"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const channel = openChannel(child, onRan);
  channel.send({ kind: "load", ...load });
  return {
    pid: child.pid,
    loaded: channel.loaded,
    exited: exitOf(child),
    run(submission, onNews) {
      const answer = channel.answerTo(submission.id, onNews);
      channel.send({ kind: "task", ...submission });
      return answer;
    },
    stop: (id) => channel.send({ kind: "stop", id }),
    disconnect: () => {
      if (child.connected) child.disconnect();
    },
    kill: () => child.kill("SIGKILL"),
  };
}

interface Channel {
  readonly loaded: Promise<LoadReply>;
  send(message: ToLane): void;
  answerTo(id: number, onNews: OnNews): Promise<TaskAnswer | Died>;
}

interface Waiting {
  readonly onNews: OnNews;
  readonly settle: (answer: TaskAnswer | Died) => void;
}

/** Delivers each message to its waiting call. When the process ends, all waiting calls fail. */
function openChannel(child: ChildProcess, onRan: LaneProcessOptions["onRan"]): Channel {
  const waiting = new Map<number, Waiting>();
  let isDead = false;
  let settleLoaded: (reply: LoadReply) => void = () => undefined;
  const loaded = new Promise<LoadReply>((resolve) => {
    settleLoaded = resolve;
  });

  function die(): void {
    isDead = true;
    settleLoaded({ kind: "died" });
    for (const { settle } of waiting.values()) settle({ kind: "died" });
    waiting.clear();
  }

  child.on("message", (raw) => {
    const message = parseFromLane(raw);
    if (message === undefined) return;
    if (message.kind === "ran") return onRan?.(message.run);
    if (!("id" in message)) return settleLoaded(message);
    const task = waiting.get(message.id);
    if (message.kind === "news") return task?.onNews(message.news);
    task?.settle(message);
    waiting.delete(message.id);
  });
  for (const event of ["disconnect", "exit", "error"]) child.on(event, die);

  return {
    loaded,
    send(message) {
      if (!isDead) child.send(message, (error) => (error === null ? undefined : die()));
    },
    answerTo: (id, onNews) =>
      new Promise((settle) => {
        if (isDead) settle({ kind: "died" });
        else waiting.set(id, { onNews, settle });
      }),
  };
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
