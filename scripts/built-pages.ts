import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { isCheckout } from "./cli/folders.ts";

/** What the pages are built of, beside what package-lock.json pins. */
const sources = ["workers/site", "shared"];
const buildFiles = ["tsconfig.base.json", "scripts/site-build.ts", "scripts/vite-config.ts", "scripts/site-pages.ts"];

/**
 * Puts the pages into a folder, without a model's graphs. A checkout builds them once for all bundles and all states,
 * which takes a second, and keeps them in `dist/pages`; a package has them with it.
 */
export async function putPages(root: string, folder: string): Promise<void> {
  if (!isCheckout) return cp(join(root, "dist/package/site"), folder, { recursive: true });
  const keptFolder = join(root, "dist/pages");
  const digest = pagesDigest(root);
  if (existsSync(join(keptFolder, digest))) return cp(join(keptFolder, digest), folder, { recursive: true });
  // Vite takes a third of a second to import.
  const { buildPages } = await import("./site-build.ts");
  await buildPages(root, folder);
  await keepPages(folder, keptFolder, digest);
}

/** What the pages are built of, as a digest. Those of a package change with its version alone. */
export function pagesDigest(root: string): string {
  const hash = createHash("sha256");
  if (!isCheckout) return hash.update(readFileSync(join(root, "package.json"))).digest("hex");
  hash.update(readFileSync(join(root, "package-lock.json")));
  const paths = sources.flatMap((source) => filesUnder(join(root, source)));
  for (const path of [...paths, ...buildFiles.map((file) => join(root, file))]) {
    hash.update(path.slice(root.length)).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** Another command may keep the same pages meanwhile, and a checkout may be read-only: then nothing is kept here. */
async function keepPages(folder: string, keptFolder: string, digest: string): Promise<void> {
  const copying = join(keptFolder, `${digest}.${process.pid}`);
  try {
    await cp(folder, copying, { recursive: true });
    renameSync(copying, join(keptFolder, digest));
    const earlier = readdirSync(keptFolder).filter((name) => !name.startsWith(digest));
    for (const name of earlier) rmSync(join(keptFolder, name), { recursive: true, force: true });
  } catch {
    rmSync(copying, { recursive: true, force: true });
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
