import { reportOn } from "./failures.ts";
import { createProgram } from "./program.ts";

/** Runs the command that the arguments name, and leaves its exit code in `process.exitCode`. */
export async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    const { text, exitCode } = reportOn(error);
    if (text !== undefined) process.stderr.write(`${text}\n`);
    process.exitCode = exitCode;
  }
}
