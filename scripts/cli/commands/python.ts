import type { Command } from "commander";
import { CommandError } from "../../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { withExamples } from "../help.ts";

/** Everything after the command's name goes to Python as it stands. */
function addPython(program: Command, name: string, description: string, options: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("[arguments...]", "handed to Python as they stand")
    .allowUnknownOption()
    .addHelpText(
      "after",
      `\n${options}\n\nIt needs Python 3.11 or newer with the packages of gpu-backend/training/requirements.txt, from PYTHON,\n` +
        "from gpu-backend/training/.venv, or else `python3`. Without them it says how to install them.",
    );
}

function allOptions(name: string): string {
  return `All options: wuerstchen ${name} -- --help`;
}

/** `wuerstchen poc`. */
export function addPoc(program: Command): void {
  const command = addPython(
    program,
    "poc",
    "Take a folder of your pictures to a report and a model (Python)",
    allOptions("poc"),
  );
  withExamples(command, { "wuerstchen poc --from ~/pictures --bundle BUNDLE --out poc/mine --dry-run": "" });
  command.action((given: string[]) => runModule("wuerstchen.poc", given));
}

/** `wuerstchen train`. */
export function addTrain(program: Command): void {
  const command = addPython(program, "train", "Train the stages of a model (Python)", allOptions("train"));
  withExamples(command, { "wuerstchen train --config configs/emoji-128.toml --dry-run": "what it would take" });
  command.action((given: string[]) => runModule("wuerstchen.train", given));
}

/** `wuerstchen evaluate`. */
export function addEvaluate(program: Command): void {
  const command = addPython(program, "evaluate", "Report quality and cost of a model (Python)", allOptions("evaluate"));
  withExamples(command, { "wuerstchen evaluate --bundle BUNDLE --data SET --out report": "" });
  command.action((given: string[]) => runModule("wuerstchen.evaluate", given));
}

const importOptions = `SOURCE is an id on the hub (warp-ai/wuerstchen, stabilityai/stable-cascade), a folder in the layout of diffusers (its
prior beside it as SOURCE-prior, or in it), a folder with Stable Cascade's own files, or the files of one model, those
of ComfyUI among them.

  --prior SOURCE           folder, hub id or file of the prior
  --text SOURCE            folder, file or hub id of the text encoder and tokenizer, if files bring none
  --decoder-text SOURCE    that of Stage B of Würstchen v2
  --adapter FILE:0.8       LoRA to merge into Stage C and its text encoder; may be repeated (default strength 1)
  --out FOLDER             bundle folder; its name becomes the model's id (default: the source's name among the models)
  --id MODEL+NAME:0.8      another id, of a model with an adapter
  --weights float16        store weights at half the size; they compute in float32 (default float32)
  --precision half         compute in float16 on a card, in half the memory; a processor computes in float32
  --variant bf16           the variant of the weight files, if there are several
  --stage-b lite, --stage-c lite   Stable Cascade's smaller stages (default large)
  --sizes 1024x1024,…      picture sizes to offer, multiples of 128 a side, the default first
  --licence TEXT           licence of these weights, if it is not the release's
  --revision NAME          branch, tag or commit on the hub
  --ignore-memory          begin although less memory is free than the import takes
  --restart                start from the beginning, although an earlier import wrote to the folder

After an interruption, run it again: finished graphs are reused. Memory, disk and licences:
docs/published-checkpoints.md.`;

/** `wuerstchen import`. */
export function addImport(program: Command): void {
  const command = addPython(
    program,
    "import",
    "Make a bundle of released weights of Würstchen v2 or Stable Cascade (Python)",
    importOptions,
  );
  withExamples(command, {
    "wuerstchen import warp-ai/wuerstchen --weights float16": "from the hub",
    "wuerstchen import stage_c.safetensors stage_b.safetensors stage_a.safetensors --text stabilityai/stable-cascade-prior":
      "files, with the text encoder of the hub",
  });
  command.action(async ([source, ...rest]: string[]) => {
    if (source === undefined || source.startsWith("-")) {
      throw new CommandError(
        "The first argument is a folder, a file or a hub id, such as warp-ai/wuerstchen. Try --help.",
        exitCodes.usage,
      );
    }
    const { withModelFolder } = await import("../../python.ts");
    await runModule("wuerstchen.published.import_bundle", withModelFolder(source, rest));
  });
}

async function runModule(module: string, given: readonly string[]): Promise<void> {
  const { runPython } = await import("../../python.ts");
  process.exitCode = await runPython(module, given);
}
