import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceTree } from "./architecture.ts";

const root = join(import.meta.dirname, "../..");
const foldersSkipped = new Set(["node_modules", "training", "models"]);

/** The TypeScript sources under these folders of the repository. A folder that does not exist yet holds none. */
export function readSources(...folders: readonly string[]): SourceTree {
  return readTree(folders, { name: /\.tsx?$/u, isSkipped });
}

/** The Python sources under these folders, training included. */
export function readPythonSources(...folders: readonly string[]): SourceTree {
  return readTree(folders, { name: /\.py$/u, isSkipped: (_, name) => /^(?:\..*|node_modules)$/u.test(name) });
}

/** A file of the repository, as text. */
export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

interface Choice {
  readonly name: RegExp;
  readonly isSkipped: (parent: string, name: string) => boolean;
}

function readTree(folders: readonly string[], choice: Choice): SourceTree {
  return new Map(folders.flatMap((folder) => pathsUnder(folder, choice)).map((path) => [path, readText(path)]));
}

function pathsUnder(folder: string, choice: Choice): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return choice.isSkipped(folder, entry.name) ? [] : pathsUnder(path, choice);
    return choice.name.test(entry.name) ? [path] : [];
  });
}

/** `shared/models` holds sources; only the backend's folder of that name holds bundles. */
function isSkipped(parent: string, name: string): boolean {
  return name === "node_modules" || (parent === "gpu-backend" && foldersSkipped.has(name));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
}
