import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, createWriteStream, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../scripts/ports.ts";
import { descendantsOf } from "../support/process-tree.ts";
import type { Link } from "./link.ts";
import type { Target } from "./plan.ts";
import type { StartOptions } from "./start.ts";

/** A start takes some seconds, and more beside other work. */
const startMsMax = 120_000;

/** A start script that does not stop by then is killed: its children end with it. */
const stopMsMax = 60_000;

/** A supervisor's pause before it starts again what has ended. */
const restartMs = 200;

const pollMs = 50;

/** How each process is recognised by its arguments. */
const commandOf: Readonly<Record<Exclude<Target, "start">, string>> = {
  edge: "workerd\0serve",
  backend: "gpu-backend/main.ts",
  lane: "lane/lane-main.ts",
};

/** `npm start` under a supervisor that starts it again when it ends, on a clock and a disk of its own. */
export interface Machine {
  readonly url: string;
  readonly backendUrl: string;
  readonly adminSecret: string;
  /** Where the edge's bindings keep what they store. */
  readonly storage: string;
  /** How often the start script was started. */
  readonly starts: number;
  /** By SIGKILL, at once. What does not run just then is not killed. */
  kill(target: Target): void;
  /** Moves the clock of all processes while they run. */
  moveClock(seconds: number): void;
  /** How far the clock is from this process's. */
  clockSeconds(): number;
  setDiskFull(isFull: boolean): void;
  /** Settles when the edge says that pictures can be made. Rejects after a bound. */
  healthy(): Promise<void>;
  stop(): Promise<void>;
}

/** What a machine needs. */
export interface MachineOptions {
  /** For state, log and switches; made if it is not there. */
  readonly folder: string;
  /** The library that shifts clocks and fills disks: see `buildFaultLibrary`. */
  readonly library: string;
  readonly startLink: (backendUrl: string) => Promise<Link>;
  /** Of an earlier machine, whose pages and compiled modules are as good: building them takes some seconds. */
  readonly earlierFolder: string | undefined;
}

/** Builds the library that is preloaded into every process of a machine. Undefined: there is no C compiler. */
export function buildFaultLibrary(folder: string): string | undefined {
  const library = join(folder, "faults.so");
  const sources = ["../clocks/shift-clock.c", "full-disk.c"].map((name) => join(import.meta.dirname, name));
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, ...sources], { stdio: "inherit" });
  return built.status === 0 ? library : undefined;
}

/** Starts a machine; `healthy` tells when it is ready. */
export async function startMachine(options: MachineOptions): Promise<Machine & { readonly link: Link }> {
  const { folder, library, startLink, earlierFolder } = options;
  const state = join(folder, "state");
  mkdirSync(state, { recursive: true });
  for (const name of earlierFolder === undefined ? [] : ["site", "site.digest", "code"]) {
    cpSync(join(earlierFolder ?? "", "state", name), join(state, name), { recursive: true });
  }
  const [clock, disk] = [createSwitch(join(folder, "clock")), createSwitch(join(folder, "disk"))];
  const [port, backendPort] = [await freePort(0, "PORT"), await freePort(0, "BACKEND_PORT")];
  const [url, backendUrl] = [port, backendPort].map((taken) => `http://127.0.0.1:${taken}`) as [string, string];
  const link = await startLink(backendUrl);
  const environment = {
    ...process.env,
    LD_PRELOAD: library,
    CLOCK_SHIFT_FILE: clock.path,
    DISK_FULL_FILE: disk.path,
    NODE_COMPILE_CACHE: join(state, "code"),
    INTRA_OP_THREADS: "1",
  };
  const startOptions: StartOptions = { port, backendPort, state, backendUrl: link.url };
  const log = createWriteStream(join(folder, "log"), { flags: "a" });
  let child: ChildProcess;
  let starts = 0;
  let isReady = false;
  let isStopping = false;

  function start(): void {
    starts += 1;
    const script = join(import.meta.dirname, "start.ts");
    child = spawn(process.execPath, [script, JSON.stringify(startOptions)], {
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    isReady = false;
    // It says nothing but that it is ready.
    child.stdout?.on("data", () => {
      isReady = true;
    });
    child.stderr?.on("data", (chunk) => log.write(chunk));
    child.once("exit", () => setTimeout(() => isStopping || start(), restartMs));
  }
  const end = () => child.kill("SIGTERM");
  start();
  process.on("exit", end);

  return {
    url,
    backendUrl,
    link,
    storage: join(state, "storage"),
    get starts() {
      return starts;
    },
    get adminSecret() {
      return readFileSync(join(state, "admin.secret"), "utf8").trim();
    },
    kill(target) {
      if (target === "start") return void child.kill("SIGKILL");
      const found = descendantsOf(child.pid ?? 0).filter(({ command }) => command.includes(commandOf[target]));
      for (const { pid } of found) process.kill(pid, "SIGKILL");
    },
    moveClock: (seconds) => clock.set(clock.value() + seconds),
    clockSeconds: clock.value,
    setDiskFull: (isFull) => disk.set(isFull ? 1 : 0),
    healthy: () => untilHealthy(url, () => isReady),
    async stop() {
      isStopping = true;
      process.off("exit", end);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const patience = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
        await once(child, "exit");
        clearTimeout(patience);
      }
      await link.stop();
      log.end();
    },
  };
}

/** An edge may answer before its database has its tables: the start script knows. */
async function untilHealthy(url: string, isReady: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + startMsMax;
  let seen = "nothing answered";
  while (performance.now() < deadlineMs) {
    try {
      const answer = await fetch(`${url}/v1/health`, { signal: AbortSignal.timeout(5_000) });
      seen = await answer.text();
      if (answer.ok && isReady()) return;
    } catch {
      // It is not there yet.
    }
    await pause(pollMs);
  }
  throw new TypeError(`not healthy after ${startMsMax / 1_000} s: ${seen}`);
}

/** A number that running processes read out of a file: see the C sources. */
function createSwitch(path: string) {
  let value = 0;
  writeFileSync(path, Buffer.alloc(8));
  const file = openSync(path, "r+");
  return {
    path,
    value: () => value,
    set(changed: number) {
      value = changed;
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(changed));
      writeSync(file, bytes, 0, bytes.length, 0);
    },
  };
}
