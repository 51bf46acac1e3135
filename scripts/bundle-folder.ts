import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
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
 * The absolute path of a bundle: `bundle`, or else `model`, or else what MODEL_ID names, in MODELS_DIR as the backend
 * reads them. Throws `CommandError` when there is none, naming those there are.
 */
export function bundleFolder(
  root: string,
  { bundle, model }: BundleChoice,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (bundle !== undefined && model !== undefined) {
    throw new CommandError("--bundle and --model each name a bundle. Give one of them.", 2);
  }
  const models = resolve(environment["MODELS_DIR"] ?? join(root, "gpu-backend/models"));
  const folder = resolve(bundle ?? join(models, model ?? environment["MODEL_ID"] ?? defaultModel));
  if (isBundle(folder)) return folder;
  const known = existsSync(models) ? readdirSync(models).filter((name) => isBundle(join(models, name))) : [];
  throw new CommandError(
    `There is no model bundle in ${folder}. --model takes one of: ${known.join(", ") || "none yet"}; --bundle takes any folder.`,
  );
}

function isBundle(folder: string): boolean {
  return existsSync(join(folder, "model.json"));
}
