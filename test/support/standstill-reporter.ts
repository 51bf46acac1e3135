import type { Reporter, TestCase, TestModule, TestSpecification, Vitest } from "vitest/node";
import PlainSummaryReporter from "./plain-summary-reporter.ts";

/** Nothing else than the generated requests of a contract test may take as long, and these end before. */
const standstillMsMax = 35 * 60_000;

/** A worker says that it is done some milliseconds after its last test. */
const farewellMsMax = 120_000;

/**
 * Ends a run that would not end by itself, which lasts until somebody kills it and says nothing.
 *
 * - Nothing has ended for 35 minutes: a time limit cannot end a test that blocks its process (a loop, a child that is
 *   waited for synchronously). The run fails and names what was under way, as does one that SIGTERM ends.
 * - All tests have ended, and a worker has not said so for two minutes: it waits for the answer to a message without a
 *   limit. The tests have their outcome, so the run ends with it.
 */
export default class StandstillReporter implements Reporter {
  readonly #underWay = new Map<string, string>();
  readonly #standstillMs: number;
  readonly #farewellMs: number;
  readonly #ended: TestModule[] = [];
  #vitest: Vitest | undefined;
  #expected = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ standstillMs = standstillMsMax, farewellMs = farewellMsMax } = {}) {
    this.#standstillMs = standstillMs;
    this.#farewellMs = farewellMs;
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.#expected = specifications.length;
    process.prependOnceListener("SIGTERM", () => this.#tell("The run was ended"));
    this.#timer = setTimeout(() => this.#fail(), this.#standstillMs).unref();
  }

  onTestModuleQueued({ id, relativeModuleId }: TestModule): void {
    this.#underWay.set(id, relativeModuleId);
  }

  onTestCaseReady({ module, fullName }: TestCase): void {
    this.#underWay.set(module.id, `${module.relativeModuleId} > ${fullName}`);
  }

  onTestCaseResult(): void {
    this.#timer?.refresh();
  }

  onTestModuleEnd(module: TestModule): void {
    this.#underWay.delete(module.id);
    this.#ended.push(module);
    this.#timer?.refresh();
    if (this.#ended.length < this.#expected) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), this.#farewellMs).unref();
  }

  onTestRunEnd(): void {
    clearTimeout(this.#timer);
  }

  #tell(what: string): void {
    const names = [...this.#underWay.values()].map((name) => `  ${name}\n`).join("");
    process.stderr.write(`${what} while this was under way:\n${names}`);
  }

  #fail(): void {
    this.#tell(`No test has ended for ${this.#standstillMs / 1_000} s. The run ends`);
    process.exit(1);
  }

  #end(): void {
    process.stderr.write(`All tests have ended, and a worker has not said so for ${this.#farewellMs / 1_000} s.\n`);
    const errors = this.#vitest?.state.getUnhandledErrors() ?? [];
    new PlainSummaryReporter().onTestRunEnd(this.#ended, errors);
    process.exit(errors.length === 0 && this.#ended.every((module) => module.ok()) ? 0 : 1);
  }
}
