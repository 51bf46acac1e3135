import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { bundleWorker } from "./build-worker.ts";
import { root } from "./cli/folders.ts";
import { runCommand } from "./command-line.ts";
import { buildPages } from "./site-build.ts";
import { builtWorkerOptions, readWorkerOptions } from "./worker-options.ts";

/** What a process is started with: the command, the backend, its lane, and what these start. */
const entries = [
  "scripts/wuerstchen.ts",
  "scripts/orphan-guard.ts",
  "gpu-backend/main.ts",
  "gpu-backend/lane/lane-main.ts",
  "gpu-backend/runtime/provider-trial-main.ts",
];

/** `npm run package`, first part: the built files that `files` in package.json names. */
await runCommand(async () => {
  const folder = join(root, "dist/package");
  rmSync(folder, { recursive: true, force: true });
  const count = writeScripts(join(folder, "js"));
  await bundleWorker({ root, outfile: join(folder, "worker/index.js") });
  writeFileSync(join(root, builtWorkerOptions), JSON.stringify(await readWorkerOptions(root, true)));
  await buildPages(root, join(folder, "site"));
  process.stdout.write(`Built ${count} scripts, the Worker and the pages into ${relative(process.cwd(), folder)}.\n`);
});

/** Node strips no types under node_modules, so they are stripped here. Positions stay, and so do lines in stacks. */
function writeScripts(folder: string): number {
  // A set that grows while it is read: every file that a file before it imports.
  const files = new Set(entries);
  for (const file of files) {
    const script = stripTypeScriptTypes(readFileSync(join(root, file), "utf8"));
    const target = join(folder, file.replace(/\.ts$/u, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(
      target,
      withJavaScriptImports(script, (path) => files.add(posix.join(posix.dirname(file), path))),
    );
  }
  return files.size;
}

/** Relative imports, static and dynamic, of the stripped files. */
function withJavaScriptImports(script: string, onImport: (path: string) => void): string {
  return script.replaceAll(/\b(from|import)(\s*\(?\s*)"(\.{1,2}\/[^"]+)\.ts"/gu, (_, word, between, path) => {
    onImport(`${path}.ts`);
    return `${word}${between}"${path}.js"`;
  });
}
