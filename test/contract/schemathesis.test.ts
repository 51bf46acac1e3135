import { join } from "node:path";
import { expect, test } from "vitest";
import { contractPython, runPython } from "../support/contract-python.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// Schemathesis reads /openapi.json and asks what the document allows and what it forbids, with all of its checks.

const stack = useTinyStack();
const casesMin = 2_000;

test.skipIf(contractPython === undefined)(
  "thousands of generated requests meet no fault of ours, no undocumented answer and no schema violation (needs CONTRACT_PYTHON)",
  async () => {
    const config = join(import.meta.dirname, "schemathesis.toml");
    const program = ["-m", "schemathesis.cli", "--config-file", config, "run", `${stack().url}/openapi.json`];
    const credential = ["--header", `Authorization: Bearer ${stack().apiKey}`, "--exclude-path-regex", "^/v1/admin"];
    const report = await runPython(...program, ...credential, "--seed", "1", "--max-examples", "75");
    const [, generated = "0"] = /(\d+) generated/u.exec(report) ?? [];
    expect(Number(generated)).toBeGreaterThanOrEqual(casesMin);
  },
  startMsMax * 3,
);
