import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";

/**
 * An interpreter with test/contract/requirements.txt, or undefined: then tests that need it say that they were left
 * out.
 */
export const contractPython = process.env["CONTRACT_PYTHON"];

const charactersShown = 8_000;

/** A program that lasts longer is killed: its test has ended by then, and it would go on asking. */
export const pythonMsMax = 900_000;

/**
 * Runs a Python program to its end and gives what it wrote to stdout. Rejects when it fails, with the end of that, or
 * lasts longer than `pythonMsMax`.
 */
export async function runPython(...args: readonly string[]): Promise<string> {
  if (contractPython === undefined) throw new TypeError("CONTRACT_PYTHON names no interpreter.");
  const program = promisify(execFile)(contractPython, args, {
    maxBuffer: 2 ** 26,
    timeout: pythonMsMax,
    killSignal: "SIGKILL",
    // Programs beside the interpreter come first, as in an environment that is activated. LiteLLM would fetch its price
    // list from the internet when it is imported.
    env: {
      ...process.env,
      PATH: `${dirname(contractPython)}:${process.env["PATH"]}`,
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
    },
  });
  const { stdout } = await program.catch(({ stdout: said, stderr }: { stdout: string; stderr: string }) => {
    throw new TypeError(`The program failed.\n${said.slice(-charactersShown)}\n${stderr.slice(-charactersShown)}`);
  });
  return stdout;
}
