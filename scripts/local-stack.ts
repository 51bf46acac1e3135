import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BundleChoice, bundleFolder } from "./bundle-folder.ts";
import { defaultState, root } from "./cli/folders.ts";
import { CommandError } from "./command-line.ts";
import { openDevelopmentAccount } from "./local-account.ts";
import { type LocalBackend, startLocalBackend } from "./local-backend.ts";
import { linkBundles, offerModels } from "./local-models.ts";
import { claimState, claimStateOrTemporary, keptApiKey, keptSecret } from "./local-state.ts";
import { type LocalWorker, startLocalWorker, storageOf } from "./local-worker.ts";
import { freePort } from "./ports.ts";
import { checkStorage } from "./storage-check.ts";

/** Beside the time that a bundle takes on a slow disk, which reads it twice; a backend that takes longer is stuck. */
const startMsMax = 120_000;
const diskBytesPerMs = 50_000;
const readyPollMs = 100;

/** How to run edge and backend on this machine. */
export interface LocalStackOptions extends BundleChoice {
  /** Folders of further bundles, relative to the working folder. */
  readonly others?: readonly string[] | undefined;
  /** 0: any free port. */
  readonly port: number;
  /** 0: any free port. */
  readonly backendPort: number;
  /** The folder for storage, secrets and the development key, relative to the working folder. */
  readonly state?: string | undefined;
  /** Whether a folder that is in use is replaced by a temporary one, and not an error. */
  readonly mayUseTemporaryState: boolean;
  /** Whether the logs of both go to stderr. */
  readonly verbose: boolean;
  /** As of `LocalWorkerOptions`. */
  readonly entry?: string | undefined;
  /** Where the edge finds the backend, if something stands between the two. */
  readonly backendUrl?: string | undefined;
  /** More of the Worker's secrets and variables. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** Edge and backend, ready to make pictures. */
export interface LocalStack {
  readonly url: string;
  readonly apiKey: string;
  /** The operator's credential. */
  readonly adminSecret: string;
  readonly backendUrl: string;
  /** Settles only when the backend or the edge ends by itself, with a text that says so. */
  readonly ended: Promise<string>;
  /** Finishes the requests in flight and ends both processes; only the state folder remains. */
  stop(): Promise<void>;
}

/** Starts both and waits until they are ready. Throws `CommandError` with what to do about it when they cannot. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const bundle = bundleFolder(root, options, process.env);
  const others = (options.others ?? []).map((other) => bundleFolder(root, { bundle: other }, process.env));
  const claim = options.mayUseTemporaryState ? claimStateOrTemporary : claimState;
  const state = claim(resolve(options.state ?? defaultState(process.env)));
  const parts: (LocalBackend | LocalWorker)[] = [];
  const stop = async () => {
    await Promise.all(parts.map((part) => part.stop()));
    state.release();
  };
  try {
    checkStorage(storageOf(state.folder));
    const port = await freePort(options.port, "PORT");
    const backendPort = await freePort(options.backendPort, "BACKEND_PORT");
    const secret = keptSecret(state, "gpu-backend");
    const caches = { graphCache: join(state.folder, "graphs"), codeCache: join(state.folder, "code") };
    const models = linkBundles(join(state.folder, "models"), [bundle, ...others]);
    const backend = startLocalBackend({ ...options, root, port: backendPort, secret, models, ...caches });
    parts.push(backend);
    const apiKey = await keptApiKey(state);
    const adminSecret = keptSecret(state, "admin");
    const worker = await startLocalWorker({
      ...options,
      root,
      port,
      bundle,
      stateFolder: state.folder,
      backendUrl: options.backendUrl ?? backend.url,
      apiKey,
      secrets: {
        GPU_BACKEND_SECRET: secret,
        LATENT_KEY_SECRET: keptSecret(state, "latent-key"),
        IMAGE_URL_SECRET: keptSecret(state, "image-url"),
        ADMIN_SECRET: adminSecret,
        ...options.settings,
      },
    });
    parts.push(worker);
    await waitUntilReady(worker.url, backend.ended, startMsMax + folderBytes(bundle) / diskBytesPerMs);
    await offerModels({ url: worker.url, adminSecret }, { added: others, gone: models.gone });
    await openDevelopmentAccount(worker.url, { adminSecret, apiKey });
    const finish = () => worker.drain().then(stop);
    return {
      url: worker.url,
      apiKey,
      adminSecret,
      backendUrl: backend.url,
      ended: endOf(backend, worker),
      stop: finish,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function endOf(backend: LocalBackend, worker: LocalWorker): Promise<string> {
  return Promise.race([
    backend.ended.then((lastLines) => `The GPU backend ended unexpectedly:\n${lastLines}`),
    worker.ended.then(() => "The edge ended unexpectedly and could not be started again: is the disk full?"),
  ]);
}

/** Asks the edge, which asks the backend: so both are up, have the same model, and share a secret. */
async function waitUntilReady(url: string, backendEnded: Promise<string>, readyMsMax: number): Promise<void> {
  let ended: string | undefined;
  void backendEnded.then((lines) => {
    ended = lines;
  });
  const deadlineMs = performance.now() + readyMsMax;
  let seen = "";
  while (performance.now() < deadlineMs) {
    if (ended !== undefined) throw new CommandError(`The GPU backend ended before it was ready:\n${ended}`);
    const response = await fetch(`${url}/v1/health`);
    if (response.ok) return;
    seen = await response.text();
    await sleep(readyPollMs);
  }
  throw new CommandError(`Not ready after ${Math.round(readyMsMax / 1000)} s. The edge's last report: ${seen}`);
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
