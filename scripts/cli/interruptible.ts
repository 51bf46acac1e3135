import { onStopSignal } from "../stop-signals.ts";

/**
 * Runs a command whose signal aborts at Ctrl-C: the request ends at the service too, which charges only what ran. The
 * process exits with 130 once the command has cleaned up. A second Ctrl-C exits at once.
 */
export async function interruptible(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  let ended = () => {};
  const ending = new Promise<void>((resolve) => {
    ended = resolve;
  });
  onStopSignal(() => {
    controller.abort();
    return ending;
  });
  try {
    await run(controller.signal);
  } catch (error) {
    // What an aborted request throws says nothing new.
    if (!controller.signal.aborted) throw error;
  } finally {
    ended();
  }
}
