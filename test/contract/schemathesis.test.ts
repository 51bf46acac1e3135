import { join } from "node:path";
import { expect, test } from "vitest";
import { contractPython, pythonMsMax, runPython } from "../support/contract-python.ts";
import { useTinyStack } from "../support/tiny-stack.ts";

// Schemathesis reads /openapi.json and asks what the document allows and what it forbids, with all of its checks.

const stack = useTinyStack();
const casesMin = 2_000;
/** Of each operation and phase; enough for `casesMin` in all. */
const examplesMax = "10";

/** Runs it with one credential on the paths that this opens, and gives the number of requests it made up. */
async function generatedCases(credential: string, ...filter: readonly string[]): Promise<number> {
  const config = join(import.meta.dirname, "schemathesis.toml");
  const program = ["-m", "schemathesis.cli", "--config-file", config, "run", `${stack().url}/openapi.json`];
  const limits = ["--seed", "1", "--max-examples", examplesMax];
  const header = ["--header", `Authorization: Bearer ${credential}`];
  const report = await runPython(...program, ...header, ...limits, ...filter);
  return Number(/(\d+) generated/u.exec(report)?.[1]);
}

test.skipIf(contractPython === undefined)(
  "thousands of generated requests meet no fault of ours, no undocumented answer and no schema violation (needs CONTRACT_PYTHON)",
  async () => {
    const asCaller = await generatedCases(stack().apiKey, "--exclude-path-regex", "^/v1/admin");
    const asOperator = await generatedCases(stack().adminSecret, "--include-path-regex", "^/v1/admin");
    expect(asCaller + asOperator).toBeGreaterThanOrEqual(casesMin);
  },
  2 * pythonMsMax,
);
