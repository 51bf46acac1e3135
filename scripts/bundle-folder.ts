import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ownModels } from "./cli/folders.ts";
import { CommandError } from "./command-line.ts";

/** The one that `#bundle` in package.json names. */
const defaultModel = "emoji-128";

/** Which bundle the person at the keyboard wants. */
export interface BundleChoice {
  /** A bundle's id: the name of its folder. */
  readonly model?: string | undefined;
  /** A bundle's folder, wherever it is, relative to the working folder. */
  readonly bundle?: string | undefined;
}

/**
 * The absolute path of a bundle: `bundle`, or else `model`, or else what MODEL_ID names, in MODELS_DIR, else
 * among the models of the project and of the user. Throws `CommandError` when there is none, naming those there are.
 */
export function bundleFolder(
  root: string,
  { bundle, model }: BundleChoice,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (bundle !== undefined && model !== undefined) {
    throw new CommandError("--bundle and --model each name a bundle. Give one of them.", 2);
  }
  const { MODELS_DIR: named, MODEL_ID: id = defaultModel } = environment;
  const models = named === undefined ? [join(root, "gpu-backend/models"), ownModels(environment)] : [resolve(named)];
  const folders = bundle === undefined ? models.map((parent) => join(parent, model ?? id)) : [resolve(bundle)];
  const folder = folders.find(isBundle);
  if (folder !== undefined) return folder;
  const known = new Set(models.flatMap(bundlesIn));
  throw new CommandError(
    `There is no model bundle in ${[...new Set(folders)].join(" or ")}. --model takes one of: ${[...known].join(", ") || "none yet"}; --bundle takes any folder.`,
  );
}

function bundlesIn(models: string): string[] {
  return existsSync(models) ? readdirSync(models).filter((name) => isBundle(join(models, name))) : [];
}

function isBundle(folder: string): boolean {
  return existsSync(join(folder, "model.json"));
}
