import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const script = join(import.meta.dirname, "../../scripts/wuerstchen.ts");

/** How a command ended. */
export interface CliOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface RunningCli {
  readonly child: ChildProcess;
  readonly outcome: Promise<CliOutcome>;
}

/** Starts `wuerstchen` with no settings but these. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCli {
  const environment = { PATH: process.env["PATH"], WUERSTCHEN_CONFIG: "/nowhere/config.json", ...env };
  const child = spawn(process.execPath, [script, ...args], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const outcome = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return { child, outcome: outcome.then(([[code], stdout, stderr]) => ({ code, stdout, stderr })) };
}

/** Runs `wuerstchen` to its end. */
export function runCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliOutcome> {
  return startCli(args, env).outcome;
}
