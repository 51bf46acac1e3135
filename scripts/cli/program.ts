import { readFileSync } from "node:fs";
import { join } from "node:path";
import tab from "@bomb.sh/tab/commander";
import { Command } from "commander";
import { addModels, addUsage } from "./commands/account.ts";
import { addDecode, addEdit, addMix, addVary } from "./commands/derive.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addGenerate } from "./commands/generate.ts";
import { addKeys } from "./commands/keys.ts";
import { addEvaluate, addImport, addPoc, addTrain } from "./commands/python.ts";
import { addServe } from "./commands/serve.ts";
import { exitCodes } from "./exit-codes.ts";
import { root } from "./folders.ts";

const exitCodeHelp = `
Exit codes:
  ${exitCodes.success}    success
  ${exitCodes.failure}    failure, or a fault that \`doctor\` found
  ${exitCodes.usage}    wrong usage
  ${exitCodes.refused}    the service refused the request
  ${exitCodes.unavailable}    the service cannot be reached, is busy or failed; try again later
  ${exitCodes.interrupted}  interrupted by Ctrl-C (129 by SIGHUP, 143 by SIGTERM)

Settings: a flag, else WUERSTCHEN_URL, WUERSTCHEN_KEY, WUERSTCHEN_MODEL and WUERSTCHEN_ADMIN_SECRET, else
~/.config/wuerstchen/config.json with "url", "key", "model" and "admin_secret".`;

/** Every command. Errors of usage are thrown as `CommanderError`, after commander has printed them. */
export function createProgram(): Command {
  const program = new Command("wuerstchen")
    .description("Text-to-image on the Würstchen architecture: run the service, or use one")
    .version(versionOf(root))
    .exitOverride()
    // `models` has options and commands of its own, whose options may have the same names.
    .enablePositionalOptions()
    .showHelpAfterError("Try --help.")
    .addHelpText("after", exitCodeHelp);
  addServe(program);
  addGenerate(program);
  addVary(program);
  addMix(program);
  addDecode(program);
  addEdit(program);
  addModels(program);
  addUsage(program);
  addKeys(program);
  addImport(program);
  addPoc(program);
  addTrain(program);
  addEvaluate(program);
  addDoctor(program);
  tab(program, { completionCommandName: "completion" });
  return program;
}

function versionOf(folder: string): string {
  const { version }: { readonly version: string } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return version;
}
