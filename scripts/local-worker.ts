import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isCheckout } from "./cli/folders.ts";
import { guardChildren } from "./guard-children.ts";
import { migrateDatabase } from "./local-database.ts";
import { drainHeader, entryWorker } from "./local-entry.ts";
import { randomSecret } from "./local-state.ts";
import { localHost } from "./ports.ts";
import { buildSite } from "./site.ts";
import { withoutSignalHandlers } from "./stop-signals.ts";
import { readWorkerOptions } from "./worker-options.ts";

const workerName = "wuerstchen-edge";

/** Time for requests in flight to end after the Worker is stopped: longer than a picture takes. */
const drainMsMax = 30_000;
const drainPollMs = 50;

/** How often the runtime is asked whether it is still there, and how long a new one may take. */
const readyPollMs = 500;
const restartMsMax = 30_000;

/** A runtime that is stuck in its start is waited for no longer. */
const disposeMsMax = 10_000;

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
  /** The main module, another than the deployed one: for a test that puts itself around that. */
  readonly entry?: string | undefined;
}

/** The Worker in workerd, with its real bindings on local storage. */
export interface LocalWorker {
  readonly url: string;
  /** Settles only when it ended by itself and could not be started again. */
  readonly ended: Promise<void>;
  /** Refuses new requests. Settles when those in flight were answered, or after half a minute. */
  drain(): Promise<void>;
  /** Ends it in the middle of whatever it does. */
  stop(): Promise<void>;
}

/** Where the Worker's bindings keep what they store. */
export function storageOf(stateFolder: string): string {
  return join(stateFolder, "storage");
}

/** Bundles and starts the Worker, and brings its database up to date. */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const folder = join(options.stateFolder, "worker");
  const site = join(options.stateFolder, "site");
  await buildSite({ root: options.root, bundle: options.bundle, folder: site });
  const modules = await workerModules(options, folder);
  forbidTelephony();
  // Imported late, after the above, and because it takes a quarter of a second.
  const { convertV4MiniflareOptions, Miniflare } = await import("miniflare");
  const drainToken = randomSecret();
  const workerOptions = await readWorkerOptions(options.root, isCheckout);
  const settings = convertV4MiniflareOptions({
    host: localHost,
    port: options.port,
    cf: false,
    logRequests: false,
    resourcePersistencePath: storageOf(options.stateFolder),
    // Never to stdout, which belongs to the command's own output.
    handleStructuredLogs({ message }) {
      if (options.verbose) process.stderr.write(`${message}\n`);
    },
    workers: [
      entryWorker(workerName, { apiKey: options.apiKey, drainToken }),
      {
        ...workerOptions,
        name: workerName,
        rootPath: folder,
        modulesRoot: folder,
        modules,
        assets: { ...Object(workerOptions["assets"]), directory: site },
        bindings: { ...Object(workerOptions["bindings"]), ...addresses(options), ...options.secrets },
      },
    ],
  });
  let release = () => {};
  const guard = () => {
    release();
    release = guardChildren();
  };
  // A workerd that ends by itself is followed by another one, which nobody would end if this process were killed.
  const miniflare = withoutSignalHandlers(() => new Miniflare({ ...settings, unsafeHandleRuntimeRestart: guard }));
  const stopping = new AbortController();
  async function stop(): Promise<void> {
    stopping.abort();
    const isEnded = await Promise.race([
      miniflare.dispose().then(() => true),
      sleep(disposeMsMax, false, { ref: false }),
    ]);
    // Otherwise the guard ends what is left, once this process has ended.
    if (isEnded) release();
  }
  try {
    const url = await miniflare.ready;
    guard();
    await migrateDatabase(await miniflare.getD1Database("USAGE", workerName), join(options.root, "migrations"));
    const ended = endOf(() => miniflare.ready, stopping.signal);
    return { url: url.origin, ended, drain: () => Promise.race([drain(url.href, drainToken), ended]), stop };
  } catch (error) {
    // Nobody else knows of it yet, and while it runs this process does.
    await stop();
    throw error;
  }
}

/**
 * Settles when a runtime is ready no more. Miniflare starts a workerd that ended once. If that fails, it says so only
 * when it is asked, or, if the new one ended in the middle of its start, never.
 */
async function endOf(ready: () => Promise<unknown>, stopping: AbortSignal): Promise<void> {
  for (;;) {
    const isReady = await Promise.race([
      ready().then(
        () => true,
        () => false,
      ),
      sleep(restartMsMax, false, { ref: false }),
    ]);
    if (stopping.aborted) return new Promise(() => {});
    if (!isReady) return;
    await sleep(readyPollMs, undefined, { ref: false });
  }
}

/** Waits for the requests in flight; a Worker that does not answer has none. */
async function drain(url: string, token: string): Promise<void> {
  const deadlineMs = performance.now() + drainMsMax;
  while (performance.now() < deadlineMs) {
    const underWay = await fetch(url, { headers: { [drainHeader]: token } }).then(
      (response) => response.json(),
      () => 0,
    );
    if (underWay === 0) return;
    await sleep(drainPollMs);
  }
}

/** Where the Worker reaches others. A developer's webhooks are on this machine too, which a deployed Worker refuses. */
function addresses({ backendUrl }: LocalWorkerOptions): Readonly<Record<string, string>> {
  return { GPU_BACKEND_URL: backendUrl, WEBHOOK_TARGETS: "any" };
}

/** Its modules: the code, bundled here or in the package, and the model's files. */
async function workerModules({ root, bundle, entry }: LocalWorkerOptions, folder: string) {
  const script = join(folder, "index.js");
  if (isCheckout) {
    const { bundleWorker } = await import("./build-worker.ts");
    await bundleWorker({ root, outfile: script, entry });
  }
  const built = isCheckout ? script : join(root, "dist/package/worker/index.js");
  const code = { type: "ESModule" as const, path: script, contents: readFileSync(built, "utf8") };
  const model = ["model.json", "tokenizer.json"].map((name) => ({
    type: "ESModule" as const,
    path: join(folder, `${name}.js`),
    contents: `export default ${readFileSync(join(bundle, name), "utf8")};`,
  }));
  return [code, ...model];
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
