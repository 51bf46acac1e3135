import { type ExitCode, exitCodes } from "./cli/exit-codes.ts";

/** A problem that the user can solve: shown as its message alone, without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failure) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a command's main function and turns what it throws into a message and an exit code. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Prints what failed and returns the exit code. Only a bug is shown with its stack. */
function report(error: unknown): number {
  if (error instanceof CommandError) {
    console.error(error.message);
    return error.exitCode;
  }
  if (isUsageError(error)) {
    console.error(`${error.message}\nTry --help.`);
    return 2;
  }
  console.error(error);
  return 1;
}

/** A whole number within bounds, or undefined when the option was not given. Throws `CommandError` otherwise. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new CommandError(`${name} must be a whole number from ${min} to ${max}, not '${text}'.`, 2);
}

/** A number within bounds, or undefined when the option was not given. Throws `CommandError` otherwise. */
export function anyNumber(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= min && value <= max) return value;
  throw new CommandError(`${name} must be a number from ${min} to ${max}, not '${text}'.`, 2);
}

/** What `parseArgs` throws on options that it does not know. */
function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
