import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const trainingDirectory = join(import.meta.dirname, "../../gpu-backend/training");

/** Where the reference is found, and how it is run. */
export interface ReferenceOptions {
  /** A Python that has the packages of gpu-backend/training/requirements.txt. */
  readonly python: string;
  readonly bundle: string;
  /** The configuration that the bundle was trained with. */
  readonly config: string;
  /** A file to write the weights to. */
  readonly weights: string;
  readonly threads: number;
}

/** What one measurement gave. `peakBytes`: the largest resident memory so far. */
export interface ReferenceFigures {
  readonly milliseconds: number;
  readonly peakBytes: number;
}

/** The bundle's networks in PyTorch, in a process of their own. */
export interface Reference {
  measure(order: Readonly<Record<string, unknown>>): Promise<ReferenceFigures>;
  stop(): Promise<void>;
}

/** Reads the bundle's weights into a file, in a process that ends, and starts another with them. */
export function startReference({ python, bundle, config, weights, threads }: ReferenceOptions): Reference {
  // Threads that wait must not take the processor from the other side.
  const options = { cwd: trainingDirectory, env: { ...process.env, OMP_WAIT_POLICY: "passive" } };
  const prepare = ["-m", "wuerstchen.evaluation.reference_weights", "--bundle", bundle, "--config", config];
  execFileSync(python, [...prepare, "--out", weights], { ...options, stdio: ["ignore", "ignore", "inherit"] });
  const serve = ["-m", "wuerstchen.evaluation.reference_speed", "--config", config, "--weights", weights];
  const child = spawn(python, [...serve, "--threads", String(threads)], {
    ...options,
    stdio: ["pipe", "pipe", "inherit"],
  });
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
