import { cpSync, existsSync, mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { readBundle } from "../../../gpu-backend/runtime/bundle.ts";
import { answerOf, type Schemas } from "../../../shared/client/calls.ts";
import { AppError } from "../../../shared/errors.ts";
import { kpiFile, missedThresholds } from "../../../shared/models/kpi.ts";
import { CommandError } from "../../command-line.ts";
import { readKpi } from "../../local-models.ts";
import { exitCodes } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { nameOf, offerModel, readPriceFactor } from "../offer-model.ts";
import { asOperator, type OperatorFlags, withOperatorOptions } from "../operator.ts";
import { readRule, readShare } from "../roll-out-flags.ts";
import { addAddAdapter } from "./add-adapter.ts";
import { addRollOutOrders } from "./roll-out.ts";

const manifestFile = "model.json";

interface AddFlags extends OperatorFlags {
  readonly modelsDir?: string;
  readonly priceFactor: string;
  readonly force: boolean;
  readonly share?: string;
  readonly rule?: string;
}

/** `wuerstchen models add` and its siblings. */
export function addModelOrders(models: Command): void {
  addAdd(models);
  addAddAdapter(models);
  addRollOutOrders(models);
  addWithdraw(models);
  addRevisions(models);
}

function addAdd(models: Command): void {
  const command = withOperatorOptions(models.command("add"))
    .description("Offer a bundle's model at a running service, as the operator")
    .argument("<folder>", "the bundle")
    .option("--models-dir <folder>", "copy the bundle into this folder, which a backend reads, before")
    .option("--price-factor <n>", "how many times the usual price its runs cost", "1")
    .option("--force", `even if its ${kpiFile} says that it misses a threshold`, false)
    .option("--share <percent>", "roll it out: it takes this share, and its id goes on to mean the revision before")
    .option("--rule <rule>", "with --share: as of roll-out")
    .action(add);
  withExamples(command, {
    "wuerstchen models add ./mine --models-dir /bundles": "copies it to the backend's folder, then offers it",
    "wuerstchen models add ./mine --price-factor 2.5": "a backend holds it already",
    "wuerstchen models add ./mine --share 5 --rule default": "to some of its id's requests first",
  });
}

async function add(folder: string, flags: AddFlags): Promise<void> {
  const { force } = flags;
  const priceFactor = readPriceFactor(flags.priceFactor);
  const rollOut = rollOutOf(flags);
  const { manifest } = await readBundle(folder).catch((error: unknown) => {
    throw error instanceof AppError ? new CommandError(error.message) : error;
  });
  const kpi = readKpi(folder, manifest.revision);
  if (kpi === undefined && existsSync(join(folder, kpiFile)) && !force) {
    throw new CommandError(`${kpiFile} is on another revision. Evaluate ${nameOf(manifest)}, or add --force.`);
  }
  const missed = kpi === undefined ? [] : missedThresholds(kpi);
  if (missed.length > 0 && !force) {
    throw new CommandError(
      `${manifest.id} misses its thresholds: ${missed.join("; ")}. --force offers it all the same.`,
    );
  }
  await asOperator(flags, async (client, signal) => {
    if (flags.modelsDir !== undefined) copyBundle(folder, flags.modelsDir);
    const added = await offerModel(client, folder, { priceFactor, force, rollOut, signal });
    if (flags.json === true) return JSON.stringify(added);
    if (added.roll_out === null) return `${nameOf(added)} is offered.`;
    return `${nameOf(added)} gets ${added.roll_out.share} % of the unseeded requests of ${added.id}.`;
  });
}

function rollOutOf({ share, rule }: AddFlags): Schemas["RollOutRequest"] | undefined {
  if (share !== undefined) return { share: readShare(share), ...(rule !== undefined && { rule: readRule(rule) }) };
  if (rule === undefined) return undefined;
  throw new CommandError("--rule needs --share beside it.", exitCodes.usage);
}

/** The manifest last: a folder without one is no bundle yet. */
function copyBundle(folder: string, modelsFolder: string): void {
  const target = join(modelsFolder, basename(resolve(folder)));
  if (resolve(target) === resolve(folder)) return;
  if (existsSync(target)) {
    throw new CommandError(`${target} is there already. Give the bundle's folder another name.`, exitCodes.usage);
  }
  mkdirSync(target, { recursive: true });
  const isManifest = (path: string) => resolve(path) === resolve(folder, manifestFile);
  cpSync(folder, target, { recursive: true, filter: (path) => !isManifest(path) });
  cpSync(join(folder, manifestFile), join(target, manifestFile));
}

function addWithdraw(models: Command): void {
  const command = withOperatorOptions(models.command("withdraw"))
    .description("Take a model back: no request can name it, and its stored latents are still decoded")
    .argument("<name>", "id@revision, or an id for all revisions that were added of it")
    .action((name: string, flags: OperatorFlags) =>
      asOperator(flags, async ({ http }, signal) => {
        const params = { path: { name } };
        const { data } = await answerOf(http.DELETE("/v1/admin/models/{name}", { params, signal }));
        return flags.json === true
          ? JSON.stringify(data)
          : data.map((model) => `${nameOf(model)} is withdrawn.`).join("\n");
      }),
    );
  withExamples(command, { "wuerstchen models withdraw mine@2f7c9b01a4d8e635": "" });
}

function addRevisions(models: Command): void {
  const command = withOperatorOptions(models.command("revisions"))
    .description("List every revision of every model, as the operator")
    .action((flags: OperatorFlags) =>
      asOperator(flags, async ({ http }, signal) => {
        const { data } = await answerOf(http.GET("/v1/admin/models", { signal }));
        if (flags.json === true) return data.map((model) => JSON.stringify(model)).join("\n");
        return data.map((model) => `${nameOf(model)}  ${stateOf(model)}`).join("\n");
      }),
    );
  withExamples(command, { "wuerstchen models revisions": "" });
}

function stateOf({ added, offered, roll_out: rollOut }: Schemas["OfferedModel"]): string {
  if (!offered) return "withdrawn";
  if (rollOut !== null) return `rolled out to ${rollOut.share} % since ${rollOut.since}`;
  return added === null ? "built in" : `offered since ${added}`;
}
