import { join, resolve } from "node:path";
import { bundleFolder } from "./bundle-folder.ts";
import { runCommand } from "./command-line.ts";
import { buildSite } from "./site.ts";

/** What `wrangler dev` and `wrangler deploy` run first: the static files that wrangler.toml names. */
await runCommand(async () => {
  const root = resolve(import.meta.dirname, "..");
  const isBuilt = await buildSite({ root, bundle: bundleFolder(root, {}, {}), folder: join(root, "dist/site") });
  process.stdout.write(isBuilt ? "Built the site into dist/site.\n" : "The site in dist/site is up to date.\n");
});
