import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { readBundle, readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { answerOf, type Schemas } from "../../../shared/client/calls.ts";
import type { WuerstchenClient } from "../../../shared/client/client.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Manifest } from "../../../shared/models/manifest.ts";
import { canonicalModelName, modelIdPattern } from "../../../shared/models/model-name.ts";
import { bundleFolder } from "../../bundle-folder.ts";
import { CommandError } from "../../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { root } from "../folders.ts";
import { withExamples } from "../help.ts";
import { nameOf, offerModel, readPriceFactor } from "../offer-model.ts";
import { asOperator, type OperatorFlags, withOperatorOptions } from "../operator.ts";

interface AdapterFlags extends OperatorFlags {
  readonly adapter: string;
  readonly modelsDir: string;
  readonly model?: string;
  readonly bundle?: string;
  readonly strengths: string;
  readonly config?: string;
  readonly priceFactor?: string;
}

/** `source`: what an imported model came from, as `import` takes it. */
interface Making extends AdapterFlags {
  readonly source: readonly string[];
}

/** A model with an adapter that is to be made. */
interface Variant {
  readonly id: string;
  readonly strength: string;
  /** Its bundle's folder. */
  readonly folder: string;
}

/** `wuerstchen models add-adapter`. */
export function addAddAdapter(models: Command): void {
  const command = withOperatorOptions(models.command("add-adapter"))
    .description("Merge an adapter into a model at some strengths, and offer each at a running service (Python)")
    .argument("<name>", "what requests name the adapter by: MODEL+NAME:0.8")
    .argument(
      "[import...]",
      "of an imported model, after --: what `wuerstchen import` was given, but for --out and --id",
    )
    .requiredOption("--adapter <file>", "lora.safetensors, as finetune writes it")
    .requiredOption("--models-dir <folder>", "the folder that a backend reads; each strength gets a bundle in it")
    .option("--model <id>", "the bundle that the adapter was trained on, among the models (else MODEL_ID)")
    .option("--bundle <folder>", "that bundle, wherever it is")
    .option("--strengths <list>", "0.05 to 1.5 in steps of 0.05, separated by commas", "1")
    .option("--config <file>", "the model's configuration, if its bundle holds none")
    .option("--price-factor <n>", "how many times the usual price its runs cost (default: as the model's)")
    .action(addAdapter);
  withExamples(command, {
    "wuerstchen models add-adapter ink --adapter lora.safetensors --model emoji-128 --models-dir /bundles --strengths 0.5,0.8,1":
      "emoji-128+ink:0.5, emoji-128+ink:0.8 and emoji-128+ink",
    "wuerstchen models add-adapter ink --adapter ink.safetensors --model cascade --models-dir /bundles --strengths 0.8 -- stabilityai/stable-cascade --stage-c lite":
      "of an imported model, which is imported again with the adapter merged into it",
  });
}

async function addAdapter(name: string, source: readonly string[], flags: AdapterFlags): Promise<void> {
  const given = flags.priceFactor === undefined ? undefined : readPriceFactor(flags.priceFactor);
  const bundle = bundleFolder(root, flags, process.env);
  const base = await readSound(bundle);
  requireSource(base, name, source);
  const variants = variantsOf(name, base, flags);
  await asOperator(flags, async (client, signal) => {
    const priceFactor = given ?? (await priceFactorOf(base, client, signal));
    const offered: Schemas["OfferedModel"][] = [];
    for (const variant of variants) {
      if (!existsSync(variant.folder)) await makeBundle(variant, bundle, { ...flags, source });
      offered.push(await offerModel(client, variant.folder, { priceFactor, force: false, signal }));
    }
    return offered.map((model) => (flags.json ? JSON.stringify(model) : `${nameOf(model)} is offered.`)).join("\n");
  });
}

/** What the service charges for the model's runs; 1 if it does not know this revision. */
async function priceFactorOf({ revision }: Manifest, { http }: WuerstchenClient, signal: AbortSignal): Promise<number> {
  const { data } = await answerOf(http.GET("/v1/admin/models", { signal }));
  return data.find((model) => model.revision === revision)?.price_factor ?? 1;
}

async function readSound(bundle: string): Promise<Manifest> {
  const { manifest } = await readBundle(bundle).catch((error: unknown) => {
    throw error instanceof AppError ? new CommandError(error.message) : error;
  });
  return manifest;
}

/** An imported bundle holds no float weights: the adapter is merged into those of its source. */
function requireSource({ id, family }: Manifest, name: string, source: readonly string[]): void {
  const isImported = family !== "wuerstchen-edge";
  if (isImported === source.length > 0) return;
  throw new CommandError(
    isImported
      ? `${id} was imported. Say from what, and with which options: wuerstchen models add-adapter ${name} … -- SOURCE`
      : `${id} was not imported: leave out what stands behind --.`,
    exitCodes.usage,
  );
}

/**
 * The digests of model and adapter are part of a folder's name: whoever trains either again gets other bundles beside
 * these, and whoever repeats an order that failed halfway gets what is there.
 */
function variantsOf(name: string, { id, revision }: Manifest, flags: AdapterFlags): readonly Variant[] {
  if (!existsSync(flags.adapter)) throw new CommandError(`${flags.adapter} does not exist.`, exitCodes.usage);
  const digest = createHash("sha256").update(revision).update(readFileSync(flags.adapter)).digest("hex").slice(0, 8);
  const ids = new Set(flags.strengths.split(",").map((each) => canonicalModelName(`${id}+${name}:${each.trim()}`)));
  return [...ids].map((variantId) => {
    const [, strength = "1"] = variantId.split(":");
    if (!modelIdPattern.test(variantId)) {
      const message = `${variantId} is no name of a model: MODEL+NAME:STRENGTH, NAME 1 to 32 of a-z 0-9 . _ -, the strength 0.05 to 1.5 in steps of 0.05.`;
      throw new CommandError(message, exitCodes.usage);
    }
    return { id: variantId, strength, folder: join(flags.modelsDir, `${id}+${name}-${strength}-${digest}`) };
  });
}

/** Makes a bundle under a hidden name, which no backend reads, and gives it its own once nothing speaks against it. */
async function makeBundle(variant: Variant, bundle: string, { adapter, modelsDir, config, source }: Making) {
  const hidden = resolve(modelsDir, `.${variant.id.replace(":", "-")}`);
  mkdirSync(modelsDir, { recursive: true });
  rmSync(hidden, { recursive: true, force: true });
  const { runPython } = await import("../../python.ts");
  const made = ["--id", variant.id, "--out", hidden];
  const configured = config === undefined ? [] : ["--config", resolve(config)];
  const merged = ["--bundle", resolve(bundle), "--adapter", `${resolve(adapter)}=${variant.strength}`, ...configured];
  const imported = [...source, "--adapter", `${resolve(adapter)}:${variant.strength}`];
  const code =
    source.length === 0
      ? await runPython("wuerstchen.adapt", [...merged, ...made], process.stderr)
      : await runPython("wuerstchen.published.import_bundle", [...imported, ...made], process.stderr);
  if (code !== 0) throw new CommandError(`${variant.id} was not made; see above.`);
  const same = await bundleOfRevision(modelsDir, (await readManifest(hidden)).revision);
  if (same === undefined) return renameSync(hidden, variant.folder);
  rmSync(hidden, { recursive: true });
  throw new CommandError(`${variant.id} would be the same files as ${same}. MODEL_ALIASES gives a model other names.`);
}

/** The id of the bundle with this revision, if the folder holds one. */
async function bundleOfRevision(modelsDir: string, revision: string): Promise<string | undefined> {
  const names = readdirSync(modelsDir).filter((name) => !name.startsWith("."));
  const folders = names.map((name) => join(modelsDir, name)).filter((path) => existsSync(join(path, "model.json")));
  const manifests = await Promise.all(folders.map((path) => readManifest(path).catch(() => undefined)));
  return manifests.find((manifest) => manifest?.revision === revision)?.id;
}
