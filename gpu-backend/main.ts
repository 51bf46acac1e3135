// The GPU backend: `node gpu-backend/main.ts`. Settings come from the environment (see config.ts).

import type { Logger } from "pino";
import { type ByteBudget, createByteBudget } from "../shared/byte-budget.ts";
import { AppError } from "../shared/errors.ts";
import { createMemoryReplayGuard } from "../shared/wire/replay-guard.ts";
import { createApp } from "./app.ts";
import { type Config, readConfig } from "./config.ts";
import type { HeldModels } from "./http/check-request.ts";
import { listen } from "./http/listen.ts";
import { createMetrics, type Metrics, type QueueState } from "./http/metrics.ts";
import type { Services } from "./http/services.ts";
import { createTracing, noTracing, type Tracing } from "./http/tracing.ts";
import { laneModels } from "./lane/lane-options.ts";
import { createLaneSet, type LaneSet } from "./lane/lane-set.ts";
import { createLog } from "./log.ts";
import { type BundleFolder, openBundleFolder } from "./runtime/bundle-folder.ts";
import { type BundleSource, createBundleSource } from "./runtime/fetch-bundle.ts";
import { createFetchedBundles, type FetchedBundles } from "./runtime/fetched-bundles.ts";
import { createIdenticalTasks } from "./scheduling/identical-tasks.ts";
import { createNamedTasks } from "./scheduling/named-tasks.ts";
import { createScheduler, leftToOthers, type Scheduler } from "./scheduling/scheduler.ts";
import { createServiceRate } from "./scheduling/service-rate.ts";
import { stopRequested } from "./stop.ts";

/** Latents are some kilobytes; an edge that asks again does so within seconds. */
const latentTasksKeptMax = 256;

/** Proxies cut connections that are silent for a minute; some, half of that. */
const heartbeatMs = 10_000;

/** As long as a receiver that is well takes for the last spans. */
const tracesSentMsMax = 2_000;

const nowMs = () => performance.now();
const nowSeconds = () => Math.floor(Date.now() / 1000);

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.LOG_LEVEL);
  const stopped = stopRequested(config.STDIN_CLOSE_EXITS);
  const fetched = createFetchedBundles({
    directory: config.MODELS_DIR,
    bytesMax: config.MODELS_FETCHED_MEGABYTES_MAX * 1_000_000,
    isInUse: (revision) => revision === bundles.default.manifest.revision || lanes.isWanted(revision),
    onRemoved(revision) {
      bundles.forget(revision);
      log.info({ revision }, "fetched bundle removed");
    },
    nowMs: Date.now,
  });
  const bundles = await openBundleFolder({
    directory: config.MODELS_DIR,
    defaultName: config.MODEL_ID,
    onFault: (reason) => log.warn({ reason }, "bundle left out"),
    source: sourceOf(config, fetched, log),
    now: nowMs,
  });
  const metrics = createMetrics(() => queueState(scheduler));
  const laneModelFor = await laneModels(config, bundles.default, log);
  const lanes = createLaneSet({
    modelOf: (revision) => laneModelFor(bundles.checked(revision), metrics.graphRan),
    bytesMax: config.MODELS_RESIDENT === "all" ? Number.POSITIVE_INFINITY : config.MODELS_RESIDENT * 1_000_000,
    log,
  });
  const scheduler = createScheduler({
    // Twice what runs together: the next are at hand when these end, and no run goes out half empty meanwhile.
    bounds: { waitingMax: config.QUEUE_JOBS_MAX, picturesMax: 2 * config.PICTURES_TOGETHER_MAX },
    lane: lanes,
    rate: createServiceRate(),
    log,
    now: nowMs,
  });
  const services = createServices(config, { bundles, fetched, lanes, log, metrics, scheduler });
  const server = await listen(createApp(services), {
    host: config.HOST,
    port: config.PORT,
    bodyMsMax: config.BODY_SECONDS_MAX * 1_000,
  });
  const { id, revision } = bundles.default.manifest;
  log.info({ url: server.url, model: id, revision }, "listening");

  const started = lanes.load(revision).then((outcome) => {
    if (!outcome.ok) throw new AppError(`The models cannot be loaded. ${outcome.error}`);
    log.info({ url: server.url, model: id, revision }, "ready");
    return stopped;
  });
  const reason = await Promise.race([stopped, started]);

  log.info({ reason }, "stopping");
  // Connections that are open could still bring new work.
  scheduler.drain();
  await server.close(config.SHUTDOWN_SECONDS_MAX * 1_000);
  await lanes.close();
  await services.tracing.close(tracesSentMsMax);
}

function queueState(scheduler: Scheduler): QueueState {
  return { depth: scheduler.depth(), waiting: scheduler.waiting(), backlogMs: scheduler.backlogMs() };
}

function sourceOf(config: Config, fetched: FetchedBundles, log: Logger): BundleSource | undefined {
  if (config.MODELS_URL === undefined) return undefined;
  return createBundleSource({
    url: config.MODELS_URL,
    token: config.MODELS_TOKEN,
    directory: config.MODELS_DIR,
    bytesMax: config.MODELS_FETCH_MEGABYTES_MAX * 1_000_000,
    fetched,
    onFault: (reason) => log.warn({ reason }, "bundle not fetched"),
    now: nowMs,
  });
}

function tracingOf(config: Config): Tracing {
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return noTracing;
  const { OTEL_SERVICE_NAME: serviceName, OTEL_TRACES_SAMPLER_ARG: share } = config;
  return createTracing({ serviceName, share, nowMs: () => performance.timeOrigin + performance.now() });
}

interface Parts {
  readonly bundles: BundleFolder;
  readonly fetched: FetchedBundles;
  readonly lanes: LaneSet;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
}

function createServices(config: Config, { bundles, fetched, lanes, log, metrics, scheduler }: Parts): Services {
  return {
    models: modelsOf(bundles, fetched),
    scheduler,
    namedTasks: createNamedTasks(),
    stageCTasks: createIdenticalTasks({ keptMax: latentTasksKeptMax, left: leftToOthers }),
    // The edge stores its results; response times must not reveal that a picture was here before.
    encodeTasks: createIdenticalTasks({ keptMax: 0, left: leftToOthers }),
    isReady: lanes.isReady,
    warm: lanes.warm,
    metrics,
    tracing: tracingOf(config),
    log,
    heartbeatMs,
    now: nowMs,
    signatureRules: {
      secrets: [config.GPU_BACKEND_SECRET, config.GPU_BACKEND_SECRET_PREVIOUS ?? []].flat(),
      replayGuard: createMemoryReplayGuard({ nowSeconds }),
      bodyBudget: createBodyBudget(config),
      nowSeconds,
      onRefused: (fault) => log.warn({ fault }, "signature refused"),
    },
  };
}

/** The folder as requests see it: what they find counts as used. */
function modelsOf(bundles: BundleFolder, fetched: FetchedBundles): HeldModels {
  return {
    default: bundles.default,
    manifests: bundles.manifests,
    async find(revision, isAnnounced) {
      const found = await bundles.find(revision, isAnnounced);
      if (found !== undefined) await fetched.used(revision);
      return found;
    },
    list: fetched.list,
  };
}

/** Each address has at most half, so that none keeps all others out. */
function createBodyBudget({ BODY_MEGABYTES_MAX }: Config): ByteBudget {
  const bytesMax = BODY_MEGABYTES_MAX * 1_000_000;
  return createByteBudget({ bytesMax, holderBytesMax: bytesMax / 2 });
}

// An explicit exit either way: whatever is still open must not keep a stopped server alive.
main().then(
  () => process.exit(0),
  (error: unknown) => {
    createLog("fatal").fatal({ reason: error instanceof Error ? error.message : "unknown" }, "cannot run");
    process.exit(1);
  },
);
