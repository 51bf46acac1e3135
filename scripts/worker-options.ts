import { readFileSync } from "node:fs";
import { join } from "node:path";

type WorkerOptions = ReturnType<typeof import("wrangler").unstable_getMiniflareWorkerOptions>["workerOptions"];

/** Where the package keeps what `readWorkerOptions` returned when it was built. */
export const builtWorkerOptions = "dist/package/worker/options.json";

/**
 * wrangler.toml as Miniflare takes it, by Wrangler; the installed package, which has none, by the file it was built
 * with.
 */
export async function readWorkerOptions(root: string, isCheckout: boolean): Promise<WorkerOptions> {
  if (!isCheckout) return JSON.parse(readFileSync(join(root, builtWorkerOptions), "utf8"));
  // Imported late: it takes a quarter of a second.
  const { unstable_getMiniflareWorkerOptions: readWranglerConfig } = await import("wrangler");
  // The folder is another one in each run.
  const overrides = { assets: { directory: root } };
  return readWranglerConfig(join(root, "wrangler.toml"), undefined, { overrides }).workerOptions;
}
