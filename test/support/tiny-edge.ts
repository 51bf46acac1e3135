import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openDevelopmentAccount } from "../../scripts/local-account.ts";
import { keptApiKey, randomSecret } from "../../scripts/local-state.ts";
import { type LocalWorker, startLocalWorker } from "../../scripts/local-worker.ts";
import { freePort } from "../../scripts/ports.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import { type Backend, backendSecret, startBackend } from "./backend.ts";
import { type HoldingProxy, startHoldingProxy } from "./holding-proxy.ts";
import { tinyDirectory } from "./tiny-bundle.ts";

/** What two processes may take on a machine that is busy with other tests. */
const startMsMax = 300_000;

/** The real Worker in workerd, with the tiny bundle and storage of its own, before backends that the test starts. */
export interface TinyEdge {
  /** Another one after a restart. */
  readonly url: string;
  /** Of an account with more credit than a test spends. */
  readonly apiKey: string;
  readonly adminSecret: string;
  /** The files of its storage. */
  readonly storage: string;
  /** One request with the key. */
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  balance(apiKey?: string): Promise<BalanceResponse>;
  /** Ends it in the middle of whatever it does. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, on the same storage. */
  restart(): Promise<void>;
  /** Ends it and removes its storage. */
  stop(): Promise<void>;
}

/** Starts an edge before the backend at this address, or before several. */
export function startTinyEdge(...backendUrls: readonly [string, ...string[]]): Promise<TinyEdge> {
  return startTinyEdgeOf(tinyDirectory, ...backendUrls);
}

async function startTinyEdgeOf(bundle: string, ...backendUrls: readonly [string, ...string[]]): Promise<TinyEdge> {
  const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-edge-test-"));
  const adminSecret = randomSecret();
  const [backendUrl, ...others] = backendUrls;
  const secrets = {
    GPU_BACKEND_SECRET: backendSecret,
    LATENT_KEY_SECRET: randomSecret(),
    IMAGE_URL_SECRET: randomSecret(),
    ADMIN_SECRET: adminSecret,
    ...(others.length > 0 && { GPU_BACKENDS: JSON.stringify(backendUrls.map((url) => ({ url }))) }),
  };
  const start = async () =>
    startLocalWorker({
      root: join(import.meta.dirname, "../.."),
      port: await freePort(0, "PORT"),
      stateFolder,
      secrets,
      bundle,
      backendUrl,
      verbose: false,
    });
  let worker: LocalWorker = await start();
  const apiKey = await keptApiKey({ folder: stateFolder, release: () => {} });
  await openDevelopmentAccount(worker.url, { adminSecret, apiKey });
  return {
    get url() {
      return worker.url;
    },
    apiKey,
    adminSecret,
    storage: join(stateFolder, "storage"),
    send: (method, path, body, headers) =>
      fetch(`${worker.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async balance(key = apiKey) {
      const response = await fetch(`${worker.url}/v1/balance`, { headers: { authorization: `Bearer ${key}` } });
      return (await response.json()) as BalanceResponse;
    },
    kill: () => worker.stop(),
    async restart() {
      worker = await start();
    },
    async stop() {
      await worker.stop();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

/** An edge before a backend, for all tests of a file. `settings`: the backend's environment. */
export function useTinyEdge(
  settings: Readonly<Record<string, string>> = {},
  bundle = tinyDirectory,
): () => { readonly edge: TinyEdge; readonly backend: Backend } {
  let started: { readonly edge: TinyEdge; readonly backend: Backend } | undefined;

  beforeAll(async () => {
    const backend = await startBackend({ MODELS_DIR: dirname(bundle), ...settings });
    started = { backend, edge: await startTinyEdgeOf(bundle, backend.url) };
  }, startMsMax);

  afterAll(async () => {
    await started?.edge.stop();
    await started?.backend.stop();
  }, startMsMax);

  return () => {
    if (started === undefined) throw new TypeError("The edge has not started.");
    return started;
  };
}

/** An edge, a backend, and between them a proxy that can keep answers back. */
export interface HeldEdge {
  readonly edge: TinyEdge;
  readonly backend: Backend;
  readonly proxy: HoldingProxy;
}

/** All three, for all tests of a file. */
export function useHeldEdge(): () => HeldEdge {
  let held: HeldEdge | undefined;

  beforeAll(async () => {
    const backend = await startBackend();
    const proxy = await startHoldingProxy(backend.url);
    held = { edge: await startTinyEdge(proxy.url), backend, proxy };
  }, startMsMax);

  afterAll(async () => {
    await held?.edge.stop();
    await held?.proxy.stop();
    await held?.backend.stop();
  }, startMsMax);

  return () => {
    if (held === undefined) throw new TypeError("The edge has not started.");
    return held;
  };
}
