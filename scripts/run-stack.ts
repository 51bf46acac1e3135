import { CommandError } from "./command-line.ts";
import { type LocalStack, type LocalStackOptions, startLocalStack } from "./local-stack.ts";
import { onStopSignal } from "./stop-signals.ts";

/**
 * Runs edge and backend until this process is told to stop; then it finishes the requests under way and exits. Throws
 * `CommandError` when they cannot start, or when the backend ends by itself.
 */
export async function runStack(options: LocalStackOptions, tellReady: (stack: LocalStack) => void): Promise<never> {
  let stack: Promise<LocalStack> | undefined;
  onStopSignal(async () => (await stack)?.stop());
  stack = startLocalStack(options);
  const running = await stack;
  tellReady(running);
  const lastLines = await running.ended;
  await running.stop();
  throw new CommandError(`The GPU backend ended unexpectedly:\n${lastLines}`);
}
