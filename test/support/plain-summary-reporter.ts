import { inspect } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** A message may hold a whole table of values; its beginning says enough to find the test. */
const failureCharactersMax = 400;

/**
 * Ends a run with the one line `N passed, N failed`, without colour, so that a machine can read the outcome.
 * A file that fails to load counts as one failure; skipped tests are not counted, but each is told with its reason.
 * Each failure is named again before that line: a log that keeps its end alone still says what failed.
 */
export default class PlainSummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = [
      ...unhandledErrors.map((error) => failureLine("outside any test", error)),
      ...modules.flatMap((module) => module.errors().map((error) => failureLine(module.relativeModuleId, error))),
    ];
    const lines = [...broken, ...tests.map(testLine)].join("");
    const outcome = `${count("passed")} passed, ${count("failed") + broken.length} failed\n`;
    // After the default reporter's own summary, which is printed in the same turn of the event loop.
    process.on("exit", () => process.stdout.write(lines + outcome));
  }
}

/** What is told of a test: nothing of one that passed at once. */
function testLine(test: TestCase): string {
  const result = test.result();
  if (result.state === "skipped") return `skipped: ${test.name}: ${result.note ?? "no reason is given"}\n`;
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  if (result.state === "failed") return failureLine(name, result.errors[0]);
  return test.diagnostic()?.flaky === true ? `passed at a second try: ${name}\n` : "";
}

function failureLine(where: string, error: unknown): string {
  // What comes from a Worker may have no prototype, and so be no `Error` and no text either.
  const isObject = typeof error === "object" && error !== null;
  const message = isObject && "message" in error ? String(error.message) : inspect(error);
  return `failed: ${where}: ${message.slice(0, failureCharactersMax)}\n`;
}
