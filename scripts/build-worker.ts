import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";

/** What to bundle, and where to. */
export interface WorkerBuild {
  readonly root: string;
  readonly outfile: string;
  /** The main module, another than the deployed one. */
  readonly entry?: string | undefined;
}

/** Bundles the Worker but for its model: `#bundle/NAME` becomes the module `./NAME.js` beside it. */
export async function bundleWorker({ root, outfile, entry }: WorkerBuild): Promise<void> {
  mkdirSync(dirname(outfile), { recursive: true });
  await build({
    entryPoints: [entry ?? join(root, "workers/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2023",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [modelApart],
    logLevel: "silent",
  });
}

const modelApart: Plugin = {
  name: "model-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^#bundle\// }, ({ path }) => ({
      path: `./${path.slice("#bundle/".length)}.js`,
      external: true,
    }));
  },
};
