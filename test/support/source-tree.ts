import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceTree } from "./architecture.ts";

const root = join(import.meta.dirname, "../..");
const foldersSkipped = new Set(["node_modules", "training", "models"]);

/** The TypeScript sources under these folders of the repository. A folder that does not exist yet holds none. */
export function readSources(...folders: readonly string[]): SourceTree {
  return new Map(folders.flatMap(pathsUnder).map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

function pathsUnder(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isSkipped(folder, entry.name) ? [] : pathsUnder(path);
    return /\.tsx?$/u.test(entry.name) ? [path] : [];
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
