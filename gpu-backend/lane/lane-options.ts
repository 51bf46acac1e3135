import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Logger } from "pino";
import { AppError } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { hmacSha256 } from "../../shared/hmac.ts";
import { loadMsMax, runMsMax } from "../../shared/models/work-time.ts";
import { originMarkKey } from "../../shared/origin-mark.ts";
import { type Config, withoutSecrets } from "../config.ts";
import { createClaimSigner, type SignerFiles } from "../image/c2pa-signature.ts";
import { availableBytes, readSystemText } from "../runtime/available-memory.ts";
import type { Bundle } from "../runtime/bundle.ts";
import { freeCardBytes } from "../runtime/card-memory.ts";
import { chooseProvider } from "../runtime/choose-provider.ts";
import type { ExecutionProvider } from "../runtime/execution.ts";
import { cardMemoryFault, graphBytes, memoryFault } from "../runtime/memory-need.ts";
import { createLane, type LaneOptions } from "./lane.ts";
import type { LaneModel } from "./lane-set.ts";
import { type TaskMsMax, taskMsMaxOf } from "./task-time.ts";

/** A trial of a graphics card that compiles its kernels takes some seconds, of one that is imitated minutes. */
const trialMsMax = 30_000;

/**
 * glibc keeps freed blocks below a bound that grows with use, and so most of an evicted stage; a fixed bound gives them
 * back. Others ignore it.
 */
const memoryEnvironment = { MALLOC_MMAP_THRESHOLD_: "131072" };

/** Makes a bundle a model with a lane of its own; `onRan` as of `LaneOptions`. */
export type LaneModelFor = (bundle: Bundle, onRan: LaneOptions["onRan"]) => LaneModel;

/**
 * What the server's lanes load, and how long they may take. Tries out providers on the first bundle where none is
 * named. Throws `AppError` when the settings cannot work.
 */
export async function laneModels(config: Config, first: Bundle, log: Logger): Promise<LaneModelFor> {
  const provider = await providerOf(config, first, log);
  const optionsOf = await laneOptions(config, provider, log);
  const residentBytesMax = residentBytesMaxOf(config) ?? Number.POSITIVE_INFINITY;
  return (bundle, onRan) => ({
    bytes: graphBytes(bundle.manifest, residentBytesMax, provider !== "cpu").resident,
    async memoryFault(freed) {
      if (provider === "cuda") {
        const freeOnCard = await freeCardBytes(process.env);
        if (freeOnCard === undefined) return undefined;
        return cardMemoryFault(bundle.manifest, residentBytesMax, freed + freeOnCard);
      }
      // Only its driver knows another card's free memory.
      if (provider !== "cpu") return undefined;
      const free = freed + availableBytes(readSystemText, process.availableMemory());
      return memoryFault(bundle.manifest, residentBytesMax, free);
    },
    start: () => createLane({ ...optionsOf(bundle), onRan }),
  });
}

async function laneOptions(
  config: Config,
  provider: ExecutionProvider,
  log: Logger,
): Promise<(bundle: Bundle) => LaneOptions> {
  const settings = {
    execution: { provider, intraOpThreads: config.INTRA_OP_THREADS },
    originMarkKey: await originMarkKey(config.GPU_BACKEND_SECRET),
    latentTextKeys: await latentTextKeysOf(config),
    c2paSigner: await c2paSignerOf(config, log),
  };
  return (bundle) => ({
    modulePath: join(import.meta.dirname, `lane-main${extname(import.meta.filename)}`),
    environment: { ...memoryEnvironment, ...withoutSecrets(process.env) },
    load: {
      ...settings,
      directory: bundle.directory,
      nice: config.LANE_NICE,
      graphCache: graphCacheOf(config),
      residentBytesMax: residentBytesMaxOf(config),
      conditionCacheBytesMax: config.TEXT_CACHE_MEGABYTES * 1_000_000,
      latentEncoding: config.LATENT_ENCODING,
      picturesMax: config.PICTURES_TOGETHER_MAX,
    },
    log,
    taskMsMax: taskMsMaxFor(config, bundle),
    stuckMsMax: runMsMax(bundle.manifest),
    readyMsMax: loadMsMax(bundle.manifest),
    stopMsMax: 2_000,
  });
}

/** Of this secret, and of the one before it, whose latents are still stored. */
function latentTextKeysOf({ GPU_BACKEND_SECRET, GPU_BACKEND_SECRET_PREVIOUS }: Config): Promise<string[]> {
  const secrets = [GPU_BACKEND_SECRET, GPU_BACKEND_SECRET_PREVIOUS ?? []].flat();
  return Promise.all(secrets.map(async (secret) => toHex(await hmacSha256(secret, "latent text v1"))));
}

/** Read and checked here, so that a fault is told before any model is loaded. */
async function c2paSignerOf(config: Config, log: Logger): Promise<SignerFiles | undefined> {
  const { C2PA_CERTIFICATES, C2PA_PRIVATE_KEY } = config;
  if (C2PA_CERTIFICATES === undefined || C2PA_PRIVATE_KEY === undefined) return undefined;
  const files = {
    certificates: await readPem("C2PA_CERTIFICATES", C2PA_CERTIFICATES),
    privateKey: await readPem("C2PA_PRIVATE_KEY", C2PA_PRIVATE_KEY),
  };
  const { validUntil } = createClaimSigner(files, new Date());
  log.info({ validUntil }, "pictures get C2PA manifests");
  return files;
}

function readPem(variable: string, path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => {
    throw new AppError(`The file that ${variable} names cannot be read.`);
  });
}

async function providerOf(config: Config, { directory }: Bundle, log: Logger): Promise<ExecutionProvider> {
  if (config.PROVIDER !== "auto") return config.PROVIDER;
  const order = { directory, intraOpThreads: config.INTRA_OP_THREADS };
  const { provider, trials } = await chooseProvider(order, withoutSecrets(process.env), trialMsMax);
  log.info({ provider, trials }, "provider chosen");
  return provider;
}

function taskMsMaxFor({ JOB_SECONDS_MAX }: Config, { manifest }: Bundle): TaskMsMax {
  return JOB_SECONDS_MAX === "auto" ? taskMsMaxOf(manifest) : () => JOB_SECONDS_MAX * 1_000;
}

function residentBytesMaxOf({ STAGES_RESIDENT }: Config): number | undefined {
  return STAGES_RESIDENT === "all" ? undefined : STAGES_RESIDENT * 1_000_000;
}

function graphCacheOf({ GRAPH_CACHE_DIR, GRAPH_CACHE_MEGABYTES }: Config) {
  if (GRAPH_CACHE_MEGABYTES === 0) return undefined;
  return { directory: GRAPH_CACHE_DIR, bytesMax: GRAPH_CACHE_MEGABYTES * 1_000_000 };
}
