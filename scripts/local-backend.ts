import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";
import type { LinkedBundles } from "./local-models.ts";
import { localHost } from "./ports.ts";

/** How long a backend may take to finish its work after SIGTERM before it is killed. */
const stopMsMax = 3_000;

/** Lines of the backend's output that are shown when it ends by itself. */
const lastLinesMax = 20;

/** How to run the GPU backend. */
export interface LocalBackendOptions {
  readonly root: string;
  readonly port: number;
  readonly secret: string;
  /** The folder of bundles, and which of them is the default. */
  readonly models: Pick<LinkedBundles, "directory" | "first">;
  /** Where it keeps optimised graphs, unless the environment says another place. */
  readonly graphCache: string;
  /** Where Node keeps compiled modules, unless the environment says another place. */
  readonly codeCache: string;
  /** Whether its log goes to stderr. */
  readonly verbose: boolean;
}

/** A GPU backend as a child process. */
export interface LocalBackend {
  readonly url: string;
  /** Settles only when the backend ends by itself: with the last lines that it wrote. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts the backend. It also ends by itself when this process does, however that happens: its stdin closes. */
export function startLocalBackend(options: LocalBackendOptions): LocalBackend {
  const main = join(import.meta.dirname, `../gpu-backend/main${extname(import.meta.filename)}`);
  // As the container starts it.
  const child = spawn(process.execPath, ["--max-semi-space-size=2", main], {
    cwd: options.root,
    env: {
      GRAPH_CACHE_DIR: options.graphCache,
      NODE_COMPILE_CACHE: options.codeCache,
      // A developer's machine does other work, and behind that it would take turns.
      LANE_NICE: "0",
      ...process.env,
      HOST: localHost,
      PORT: String(options.port),
      GPU_BACKEND_SECRET: options.secret,
      MODELS_DIR: options.models.directory,
      MODEL_ID: options.models.first,
      STDIN_CLOSE_EXITS: "1",
    },
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: Ctrl-C reaches only this process, which ends the backend after its tasks.
    detached: true,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      lines.push(...text.trimEnd().split("\n"));
      lines.splice(0, lines.length - lastLinesMax);
      if (options.verbose) process.stderr.write(text);
    });
  }
  const kill = () => killGroup(child.pid);
  process.on("exit", kill);
  const exited = once(child, "exit");
  return {
    url: `http://${localHost}:${options.port}`,
    ended: exited.then(() => lines.join("\n")),
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, stopMsMax);
      if (child.exitCode === null && child.signalCode === null) await exited;
      clearTimeout(timer);
      kill();
      process.off("exit", kill);
    },
  };
}

/** The backend and every process that it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended already.
  }
}
