import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with the one line `N passed, N failed`, without colour, so that a machine can read the outcome.
 * A file that fails to load counts as one failure; skipped tests are not counted, but each is told with its reason.
 */
export default class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "skipped") skipped.push(`skipped: ${test.name}: ${result.note ?? "no reason is given"}\n`);
        if (result.state === "passed") passed += 1;
        if (result.state === "failed") failed += 1;
      }
    }
    // After the default reporter's own summary, which is printed in the same turn of the event loop.
    process.on("exit", () => process.stdout.write(`${skipped.join("")}${passed} passed, ${failed} failed\n`));
  }
}
