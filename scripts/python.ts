import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import { ownModels, root } from "./cli/folders.ts";
import { CommandError } from "./command-line.ts";

const training = join(root, "gpu-backend/training");
const packages = ["torch", "onnx", "onnxruntime", "onnxscript", "safetensors", "tokenizers", "huggingface_hub", "rich"];

const weightsSuffix = /\.(?:safetensors|ckpt|pth?|bin)$/;

/** Nothing of Python is left to say it. */
const killedNote =
  "Python was ended by SIGKILL. Most often that is the system, which ran out of memory: close other programs, use a " +
  "machine with more, or raise the container's limit. What was finished is kept: run it again.\n";

/**
 * Runs a module of the training code, and resolves to its exit code. Throws `CommandError` if Python or a package
 * lacks. `output`: where what it prints goes.
 */
export async function runPython(
  module: string,
  given: readonly string[],
  output: "inherit" | NodeJS.WriteStream = "inherit",
): Promise<number> {
  const python = findPython();
  await requirePackages(python);
  return run(python, ["-m", module, ...given], output);
}

/** The arguments of an import, with the source's name as a model id unless a folder was named. */
export function withModelFolder(source: string, given: readonly string[]): readonly string[] {
  if (given.some((argument) => argument === "--out" || argument.startsWith("--out="))) return [source, ...given];
  const name = basename(resolve(source)).replace(weightsSuffix, "");
  return [source, ...given, "--out", join(ownModels(process.env), name.toLowerCase())];
}

function findPython(): string {
  const own = join(training, ".venv", "bin", "python");
  return process.env["PYTHON"] ?? (existsSync(own) ? own : "python3");
}

/** A missing package is said in one line, before torch takes its seconds to load. */
async function requirePackages(python: string): Promise<void> {
  const probe = `import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in ${JSON.stringify(packages)}))`;
  if ((await run(python, ["-c", probe])) === 0) return;
  throw new CommandError(
    `${python} lacks packages. Install them with: ${python} -m pip install -r ${join(training, "requirements.txt")}`,
  );
}

function run(
  command: string,
  parameters: readonly string[],
  output: "inherit" | NodeJS.WriteStream = "inherit",
): Promise<number> {
  const path = [training, process.env["PYTHONPATH"]].filter((part) => part !== undefined).join(delimiter);
  // npm runs scripts in the project's folder; paths are meant from where it was called.
  const cwd = process.env["INIT_CWD"] ?? process.cwd();
  return new Promise((settle, fail) => {
    const child = spawn(command, parameters, {
      cwd,
      env: { ...process.env, PYTHONPATH: path },
      stdio: ["inherit", output, "inherit"],
    });
    child.once("error", () => fail(new CommandError(`${command} cannot be run. Name a Python 3.11 in PYTHON.`)));
    // Ctrl-C reaches Python too, which saves its work and ends; this process waits for that.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      if (signal === "SIGKILL") process.stderr.write(killedNote);
      settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
