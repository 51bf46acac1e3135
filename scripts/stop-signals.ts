/** By convention, 128 and the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** How soon it is noticed that the package manager that started this has gone without a word. */
const parentPollMs = 1_000;

/**
 * Runs a library's `start` without the handlers of signals that it adds: Miniflare's would end this process at once, in
 * the middle of what `onStopSignal` does. What the library does on `exit` stays.
 */
export function withoutSignalHandlers<Started>(start: () => Started): Started {
  const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)));
  const started = start();
  for (const signal of signals) {
    for (const handler of process.listeners(signal)) if (!before.has(handler)) process.off(signal, handler);
  }
  return started;
}

/**
 * Runs `stop` and exits when the process is told to end. Register it before anything else starts: other handlers that
 * exit at once would keep it from running. A second signal exits without waiting.
 */
export function onStopSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  const handle = (signal: keyof typeof exitCodes) => {
    if (isStopping) process.exit(exitCodes[signal]);
    isStopping = true;
    void stop().finally(() => process.exit(exitCodes[signal]));
  };
  process.on("SIGHUP", handle).on("SIGINT", handle).on("SIGTERM", handle);
  // Not for a process that a shell started: that one may be meant to outlive its shell.
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && !isStopping) handle("SIGHUP");
  }, parentPollMs).unref();
}
