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
import { addAddAdapter } from "./add-adapter.ts";

const manifestFile = "model.json";

interface AddFlags extends OperatorFlags {
  readonly modelsDir?: string;
  readonly priceFactor: string;
  readonly force: boolean;
}

/** `wuerstchen models add` and its siblings. */
export function addModelOrders(models: Command): void {
  addAdd(models);
  addAddAdapter(models);
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
    .action(add);
  withExamples(command, {
    "wuerstchen models add ./mine --models-dir /bundles": "copies it to the backend's folder, then offers it",
    "wuerstchen models add ./mine --price-factor 2.5": "a backend holds it already",
  });
}

async function add(folder: string, flags: AddFlags): Promise<void> {
  const { force } = flags;
  const priceFactor = readPriceFactor(flags.priceFactor);
  const { manifest } = await readBundle(folder).catch((error: unknown) => {
    throw error instanceof AppError ? new CommandError(error.message) : error;
  });
  const kpi = readKpi(folder, manifest.revision);
  const missed = kpi?.verdict === "missed" ? missedThresholds(kpi) : [];
  if (missed.length > 0 && !force) {
    throw new CommandError(
      `${manifest.id} misses its thresholds: ${missed.join("; ")}. --force offers it all the same.`,
    );
  }
  await asOperator(flags, async (client, signal) => {
    if (flags.modelsDir !== undefined) copyBundle(folder, flags.modelsDir);
    const added = await offerModel(client, folder, { priceFactor, force, signal });
    return flags.json === true ? JSON.stringify(added) : `${nameOf(added)} is offered.`;
  });
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
  withExamples(command, { "wuerstchen models withdraw mine@442aeaaf20f4ab6f": "" });
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

function stateOf({ added, offered }: Schemas["OfferedModel"]): string {
  if (!offered) return "withdrawn";
  return added === null ? "built in" : `offered since ${added}`;
}
