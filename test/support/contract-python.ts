import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** An interpreter with test/contract/requirements.txt, or undefined: then tests that need it say that they were left out. */
export const contractPython = process.env["CONTRACT_PYTHON"];

/** Runs a Python program to its end and gives what it wrote to stdout. Rejects when it fails, with its stderr. */
export async function runPython(...args: readonly string[]): Promise<string> {
  if (contractPython === undefined) throw new TypeError("CONTRACT_PYTHON names no interpreter.");
  const { stdout } = await promisify(execFile)(contractPython, args, {
    maxBuffer: 2 ** 26,
    // LiteLLM would fetch its price list from the internet when it is imported.
    env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: "True" },
  });
  return stdout;
}
