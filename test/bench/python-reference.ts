import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

// Threads that wait must not take the processor from the other side.
const processOptions = {
  cwd: join(import.meta.dirname, "../../gpu-backend/training"),
  env: {
    ...process.env,
    OMP_WAIT_POLICY: "passive",
    DIFFUSERS_VERBOSITY: "error",
    TRANSFORMERS_VERBOSITY: "error",
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
  },
};

/** A module of gpu-backend/training and its arguments. `python`: one that has the packages that the module needs. */
export interface PythonModule {
  readonly python: string;
  readonly module: string;
  readonly parameters: readonly string[];
}

/** What one measurement gave. `peakBytes`: the largest resident memory so far. */
export interface ReferenceFigures {
  readonly milliseconds: number;
  readonly peakBytes: number;
}

/** The other side of a comparison, in a process of its own. */
export interface Reference {
  measure(order: Readonly<Record<string, unknown>>): Promise<ReferenceFigures>;
  stop(): Promise<void>;
}

/** Runs a module to its end. What it prints on standard output is dropped. */
export function runPython({ python, module, parameters }: PythonModule): void {
  execFileSync(python, ["-m", module, ...parameters], { ...processOptions, stdio: ["ignore", "ignore", "inherit"] });
}

/** Starts a module that answers orders (wuerstchen/evaluation/answer_orders.py). */
export function startReference({ python, module, parameters }: PythonModule): Reference {
  const child = spawn(python, ["-m", module, ...parameters], { ...processOptions, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async measure(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new TypeError("The reference ended.");
      return JSON.parse(value);
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.stdin?.end();
  await exited;
}
