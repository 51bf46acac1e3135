import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Nothing else than the generated requests of a contract test may take as long, and these end before. */
const standstillMsMax = 35 * 60_000;

/**
 * Ends a run in which nothing has ended for 35 minutes, and names what was under way.
 *
 * A time limit cannot end a test that blocks its process (a loop, a child that is waited for synchronously). Such a
 * run would last until somebody kills it, and would say nothing. A run that is ended by SIGTERM names the same.
 */
export default class StandstillReporter implements Reporter {
  readonly #underWay = new Map<string, string>();
  readonly #standstillMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ standstillMs = standstillMsMax }: { readonly standstillMs?: number } = {}) {
    this.#standstillMs = standstillMs;
  }

  onTestRunStart(): void {
    process.prependOnceListener("SIGTERM", () => this.#tell("The run was ended"));
    this.#timer = setTimeout(() => this.#end(), this.#standstillMs).unref();
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

  onTestModuleEnd({ id }: TestModule): void {
    this.#underWay.delete(id);
    this.#timer?.refresh();
  }

  onTestRunEnd(): void {
    clearTimeout(this.#timer);
  }

  #tell(what: string): void {
    const names = [...this.#underWay.values()].map((name) => `  ${name}\n`).join("");
    process.stderr.write(`${what} while this was under way:\n${names}`);
  }

  #end(): void {
    this.#tell(`No test has ended for ${this.#standstillMs / 1_000} s. The run ends`);
    process.exit(1);
  }
}
