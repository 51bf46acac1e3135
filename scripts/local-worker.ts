import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { guardChildren } from "./guard-children.ts";
import { migrateDatabase } from "./local-database.ts";
import { entryWorker } from "./local-entry.ts";
import { localHost } from "./ports.ts";
import { buildSite } from "./site.ts";

const workerName = "wuerstchen-edge";

/** How to run the Worker. */
export interface LocalWorkerOptions {
  readonly root: string;
  readonly port: number;
  readonly stateFolder: string;
  readonly bundle: string;
  readonly backendUrl: string;
  /** Signs the pages in at once; absent: they ask for a key. */
  readonly apiKey?: string | undefined;
  /** Name → value. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether its log goes to stderr. */
  readonly verbose: boolean;
}

/** The Worker in workerd, with its real bindings on local storage. */
export interface LocalWorker {
  readonly url: string;
  stop(): Promise<void>;
}

/** Bundles and starts the Worker, and brings its database up to date. */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const folder = join(options.stateFolder, "worker");
  const script = join(folder, "index.js");
  const site = join(options.stateFolder, "site");
  await buildSite({ root: options.root, bundle: options.bundle, folder: site });
  await bundleWorker(options, script);
  forbidTelephony();
  // Imported late, after the above, and because the two of them take half a second.
  const { convertV4MiniflareOptions, Miniflare } = await import("miniflare");
  const { unstable_getMiniflareWorkerOptions: readWranglerConfig } = await import("wrangler");
  const overrides = { assets: { directory: site } };
  const { workerOptions } = readWranglerConfig(join(options.root, "wrangler.toml"), undefined, { overrides });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: localHost,
      port: options.port,
      cf: false,
      logRequests: false,
      resourcePersistencePath: join(options.stateFolder, "storage"),
      // Never to stdout, which is for whoever started this.
      handleStructuredLogs({ message }) {
        if (options.verbose) process.stderr.write(`${message}\n`);
      },
      workers: [
        ...(options.apiKey === undefined ? [] : [entryWorker(workerName, options.apiKey)]),
        {
          ...workerOptions,
          name: workerName,
          rootPath: folder,
          modulesRoot: folder,
          modules: [{ type: "ESModule", path: script }],
          bindings: { ...Object(workerOptions["bindings"]), ...addresses(options), ...options.secrets },
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  const release = guardChildren();
  await migrateDatabase(await miniflare.getD1Database("USAGE", workerName), join(options.root, "migrations"));
  return {
    url: url.origin,
    async stop() {
      release();
      await miniflare.dispose();
    },
  };
}

/** Where the Worker reaches others. A developer's webhooks are on this machine too, which a deployed Worker refuses. */
function addresses({ backendUrl }: LocalWorkerOptions): Readonly<Record<string, string>> {
  return { GPU_BACKEND_URL: backendUrl, WEBHOOK_TARGETS: "any" };
}

async function bundleWorker({ root, bundle }: LocalWorkerOptions, outfile: string): Promise<void> {
  mkdirSync(join(outfile, ".."), { recursive: true });
  await build({
    entryPoints: [join(root, "workers/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2023",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: { "#bundle": bundle },
    logLevel: "silent",
  });
}

/** Neither tool shall look anything up on the network, nor offer pages of its own. */
function forbidTelephony(): void {
  Object.assign(process.env, {
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    X_LOCAL_OBSERVABILITY: "false",
    X_LOCAL_EXPLORER: "false",
  });
}
