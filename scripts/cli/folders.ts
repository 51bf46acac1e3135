import { existsSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The repository, or the installed package: the nearest folder above with a package.json. Never written to, if
 * installed.
 */
export const root = dirname(findPackageJSON(import.meta.url) ?? import.meta.dirname);

/** Whether this is the repository. The package holds built files instead of sources. */
export const isCheckout = existsSync(join(root, "workers/index.ts"));

/** Where `config.json` is looked for: https://specifications.freedesktop.org/basedir-spec/latest/ */
export function configFolder(environment: Environment): string {
  return folderOf(environment["XDG_CONFIG_HOME"], ".config");
}

/** Storage, secrets and the development key of a local service: `.state` of the repository, or of the user. */
export function defaultState(environment: Environment): string {
  return isCheckout ? join(root, ".state") : folderOf(environment["XDG_STATE_HOME"], ".local/state");
}

/** Where imported models go and are looked for beside the package's own: the repository's, or the user's. */
export function ownModels(environment: Environment): string {
  if (isCheckout) return join(root, "gpu-backend/models");
  return join(folderOf(environment["XDG_DATA_HOME"], ".local/share"), "models");
}

function folderOf(base: string | undefined, fallback: string): string {
  // The specification ignores relative paths.
  const isAbsolute = base !== undefined && resolve(base) === base;
  return join(isAbsolute ? base : join(homedir(), fallback), "wuerstchen");
}
