import { type LocalStack, type LocalStackOptions, startLocalStack } from "./local-stack.ts";
import { onStopSignal } from "./stop-signals.ts";

/**
 * Runs edge and backend until this process is told to stop; then it finishes the requests under way and exits. Ends
 * it with code 1 when one of them ends by itself and does not come back. Throws `CommandError` when they cannot start.
 */
export async function runStack(options: LocalStackOptions, tellReady: (stack: LocalStack) => void): Promise<never> {
  let stack: Promise<LocalStack> | undefined;
  let isStopping = false;
  onStopSignal(async () => {
    isStopping = true;
    await (await stack)?.stop();
  });
  stack = startLocalStack(options);
  const running = await stack;
  tellReady(running);
  const reason = await running.ended;
  // Who was told to stop ends both itself, and this process with the signal's status.
  if (isStopping) return new Promise<never>(() => {});
  console.error(reason);
  await running.stop();
  // What is stuck may keep a handle open.
  process.exit(1);
}
