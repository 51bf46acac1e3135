import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { CommandError, runCommand } from "./command-line.ts";

const help = `Turns a published checkpoint into a bundle that the backend serves: Würstchen v2 or Stable Cascade.

  npm run model:import -- SOURCE [options]

SOURCE is a folder in the layout of diffusers (its prior beside it as SOURCE-prior, or in it), or an id on the hub,
for example warp-ai/wuerstchen or stabilityai/stable-cascade.

Options
  --prior SOURCE           folder or hub id of the prior
  --out FOLDER             bundle folder; its name becomes the model's id (default: the source's name in gpu-backend/models)
  --weights float16        store weights at half the size; they compute in float32 (default float32)
  --variant bf16           the variant of the weight files, if there are several
  --stage-b lite, --stage-c lite   Stable Cascade's smaller stages (default large)
  --sizes 1024x1024,…      picture sizes to offer, multiples of 128 a side, the default first
  --licence TEXT           licence of these weights, if it is not the release's
  --revision NAME          branch, tag or commit on the hub
  --restart                start from the beginning, although an earlier import wrote to the folder
  --help

After an interruption, run it again: finished graphs are reused. It needs Python 3.11 with the packages of
gpu-backend/training/requirements.txt, from PYTHON or gpu-backend/training/.venv. Memory, disk and licences:
docs/published-checkpoints.md.
`;

const training = join(import.meta.dirname, "..", "gpu-backend", "training");
const packages = ["torch", "onnx", "onnxruntime", "onnxscript", "safetensors", "tokenizers", "huggingface_hub", "rich"];

await runCommand(async () => {
  const given = process.argv.slice(2);
  if (given.includes("--help")) return void process.stdout.write(help);
  if (given[0] === undefined || given[0].startsWith("-")) {
    throw new CommandError("The first argument is a folder or a hub id, such as warp-ai/wuerstchen. Try --help.", 2);
  }
  const python = findPython();
  await requirePackages(python);
  process.exitCode = await run(python, ["-m", "wuerstchen.published.import_bundle", ...withOut(given[0], given)]);
});

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

/** The source's name as a model id, unless a folder was named. */
function withOut(source: string, given: readonly string[]): readonly string[] {
  if (given.some((argument) => argument === "--out" || argument.startsWith("--out="))) return given;
  const name = resolve(source).split("/").at(-1) ?? source;
  return [...given, "--out", join(training, "..", "models", name.toLowerCase())];
}

function run(command: string, parameters: readonly string[]): Promise<number> {
  const path = [training, process.env["PYTHONPATH"]].filter((part) => part !== undefined).join(delimiter);
  // npm runs scripts in the project's folder; paths are meant from where it was called.
  const cwd = process.env["INIT_CWD"] ?? process.cwd();
  return new Promise((settle, fail) => {
    const child = spawn(command, parameters, { cwd, env: { ...process.env, PYTHONPATH: path }, stdio: "inherit" });
    child.once("error", () => fail(new CommandError(`${command} cannot be run. Name a Python 3.11 in PYTHON.`)));
    child.once("exit", (code) => settle(code ?? 1));
  });
}
