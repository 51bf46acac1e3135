const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Resolves with what asked this process to stop: a signal, or standard input that closed when that counts. A second
 * signal ends the process at once, as is usual.
 */
export function stopRequested(stdinCounts: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(signal));
    if (!stdinCounts) return;
    process.stdin.once("close", () => resolve("standard input closed"));
    process.stdin.resume();
  });
}
