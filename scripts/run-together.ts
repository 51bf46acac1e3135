import { spawn } from "node:child_process";

/** How a command of many ended. */
export interface Outcome {
  readonly command: string;
  readonly passed: boolean;
  /** What it wrote, both streams as they came. */
  readonly output: string;
  readonly seconds: number;
}

/** Runs shell commands at once, and calls `onEnd` as each of them ends. Resolves to whether all passed. */
export async function runTogether(commands: readonly string[], onEnd: (outcome: Outcome) => void): Promise<boolean> {
  const outcomes = await Promise.all(
    commands.map(async (command) => {
      const outcome = await run(command);
      onEnd(outcome);
      return outcome;
    }),
  );
  return outcomes.every(({ passed }) => passed);
}

/** A command that a signal ended has not passed. */
function run(command: string): Promise<Outcome> {
  const begun = performance.now();
  const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => {
      resolve({ command, passed: code === 0, output, seconds: (performance.now() - begun) / 1_000 });
    });
  });
}
