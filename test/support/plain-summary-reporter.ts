import type { Reporter, TestModule } from "vitest/node";

/** A message may hold a whole table of values; its beginning says enough to find the test. */
const failureCharactersMax = 400;

/**
 * Ends a run with the one line `N passed, N failed`, without colour, so that a machine can read the outcome.
 * A file that fails to load counts as one failure; skipped tests are not counted, but each is told with its reason.
 * Each failure is named again before that line: a log that keeps its end alone still says what failed.
 */
export default class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const lines: string[] = unhandledErrors.map((error) => failureLine("outside any test", error));
    for (const module of modules) {
      failed += module.errors().length;
      lines.push(...module.errors().map((error) => failureLine(module.relativeModuleId, error)));
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "skipped") lines.push(`skipped: ${test.name}: ${result.note ?? "no reason is given"}\n`);
        if (result.state === "passed") passed += 1;
        if (result.state === "failed") {
          failed += 1;
          lines.push(failureLine(`${module.relativeModuleId} > ${test.fullName}`, result.errors[0]));
        }
      }
    }
    // After the default reporter's own summary, which is printed in the same turn of the event loop.
    process.on("exit", () => process.stdout.write(`${lines.join("")}${passed} passed, ${failed} failed\n`));
  }
}

function failureLine(where: string, error: unknown): string {
  const message = error instanceof Object && "message" in error ? String(error.message) : String(error);
  return `failed: ${where}: ${message.slice(0, failureCharactersMax)}\n`;
}
