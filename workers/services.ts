import { AppError } from "../shared/errors.ts";
import { toHex } from "../shared/hex.ts";
import { type Accounts, createAccounts } from "./account/client.ts";
import { type AccountIndex, createAccountIndex } from "./account/keys/account-index.ts";
import { type AuditIndex, createAuditIndex } from "./account/keys/audit-index.ts";
import { createKeyDirectory, type KeyDirectory } from "./auth/key-directory.ts";
import { createOperators, type Operators } from "./auth/operators.ts";
import { type BodyBudget, createBodyBudget } from "./edge/body-budget.ts";
import { createFailureLimiter, type FailureLimiter } from "./edge/failure-limiter.ts";
import { optionalCache } from "./edge/optional-cache.ts";
import { createSampledLimiter } from "./edge/sampled-limiter.ts";
import type { WorkerEnv } from "./env.ts";
import type { GenerationServices } from "./generation/generate-image.ts";
import type { LatentPictureServices } from "./generation/latent-pictures.ts";
import { createRecentRefusals } from "./generation/recent-refusals.ts";
import type { StartImageServices } from "./generation/start-images.ts";
import type { UploadServices } from "./generation/upload-latent.ts";
import type { GpuBackend } from "./gpu/gpu-backends.ts";
import { createGpuClient, type GpuClient } from "./gpu/gpu-client.ts";
import { createImageCache, type ImageCache, type ImageReads } from "./images/image-cache.ts";
import { createImageLinks, type ImageLinks } from "./images/image-link.ts";
import { createJobs, type Jobs } from "./jobs/client.ts";
import { createLatentCache, type LatentCache } from "./latents/latent-cache.ts";
import type { Log } from "./middleware/app-env.ts";
import { type LocationLimiter, locationLimitSeconds, strangerLimitSeconds } from "./middleware/limit-by-address.ts";
import type { PublicUrlSettings } from "./middleware/public-url.ts";
import type { BundleFiles } from "./models/bundle.ts";
import { createModelServices, type ModelSources } from "./models/model-services.ts";
import type { ModelRegistry } from "./models/registry.ts";
import type { WatchServices } from "./models/watch-roll-outs.ts";
import { chooseModerator } from "./moderation/choose-moderator.ts";
import { meterUsage } from "./payments/meter-usage.ts";
import { createPaymentIndex, type PaymentIndex } from "./payments/payment-index.ts";
import type { Checkout } from "./payments/stripe-checkout.ts";
import type { X402Settings } from "./payments/x402.ts";
import { createX402Index } from "./payments/x402-index.ts";
import { createDecodeRuns, createLatentRuns, type DecodeRuns } from "./single-flight/client.ts";
import { createMeter, stripeCheckout } from "./stripe-services.ts";
import { type ChargeLines, createChargeLines } from "./usage/charge-lines.ts";
import { readLastReconciled } from "./usage/last-reconciled.ts";
import { type ReconcileParts, type Reconciliation, reconcile } from "./usage/reconcile.ts";
import type { RequestEvent } from "./usage/request-event.ts";
import { createSpendReader, type SpendReader } from "./usage/spend.ts";
import { createTrafficReader, type TrafficReader } from "./usage/traffic.ts";
import { createUsageReader, type UsageReader } from "./usage/usage-by-day.ts";
import type { DeliveryParts, WebhookProxy } from "./webhooks/deliver-webhook.ts";
import type { WebhookRules } from "./webhooks/webhook-url.ts";

/** 128 bits: no two requests ever share a reservation, and no two waits a name. */
const idBytes = 16;

/** The outer world: everything that is not decided by a request and the environment. */
export interface Platform {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly edge: Pick<Cache, "match" | "put" | "delete">;
  /** This Worker's own entrypoint that stands behind Workers Cache. */
  readonly imageReads: ImageReads;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly log: Log;
  readonly bundle: BundleFiles;
}

/** Everything that middleware and routes work with. */
export interface Services extends Pick<Platform, "nowMs" | "randomBytes" | "timeout" | "log">, WatchServices {
  readonly keys: KeyDirectory;
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  readonly auditIndex: AuditIndex;
  readonly operators: Operators;
  readonly paymentIndex: PaymentIndex;
  readonly usage: UsageReader;
  readonly charges: ChargeLines;
  readonly spend: SpendReader;
  readonly traffic: TrafficReader;
  readonly lastReconciled: (accounts: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly reportRequest: (event: RequestEvent) => Promise<unknown>;
  readonly checkout: Checkout | undefined;
  readonly stripeWebhookSecret: string | undefined;
  readonly trustsClientReference: boolean;
  /** Undefined: payment without an account is off. */
  readonly x402: X402Settings | undefined;
  readonly publicUrl: PublicUrlSettings;
  readonly locationLimiter: LocationLimiter;
  readonly strangerLimiter: FailureLimiter;
  readonly bodyBudget: BodyBudget;
  readonly linkDecodeLimiter: LocationLimiter;
  /** Whose marks are ours, the present one first. */
  readonly originSecrets: readonly string[];
  readonly gpu: GpuClient;
  readonly latents: LatentCache;
  readonly images: ImageCache;
  readonly imageLinks: ImageLinks;
  readonly decodeRuns: DecodeRuns;
  readonly jobs: Jobs;
  readonly webhookRules: WebhookRules;
  readonly webhookDelivery: DeliveryParts;
  readonly generation: ImageServices;
  /** Compares ledgers, usage table and meter. */
  readonly reconcile: () => Promise<Reconciliation>;
}

/** All that pictures are made with. */
type ImageServices = GenerationServices & StartImageServices & LatentPictureServices & UploadServices;

/** What the Durable Objects that do the work have in common with the Worker. */
export type RunServices = Pick<Services, "latents" | "images" | "gpu" | "accounts" | "log">;

/** The one place where collaborators are chosen and put together. Throws `AppError` on a bundle that is not valid. */
export function createServices(env: WorkerEnv, platform: Platform): Services {
  const { nowMs, randomBytes, timeout, log } = platform;
  const offered = createModelServices(modelSources(env, platform));
  const { models } = offered;
  const { latents, images, gpu, accounts } = createRunServices(env, platform, models);
  const newId = () => toHex(randomBytes(idBytes));
  const latentRuns = createLatentRuns(env.LATENT_JOBS, newId);
  const decodeRuns = createDecodeRuns(env.DECODE_JOBS, { images, newWaiterId: newId });
  const jobs = createJobs(env.ASYNC_JOBS, env.ACCOUNT_JOBS);
  return {
    nowMs,
    randomBytes,
    timeout,
    log,
    ...offered,
    latents,
    images,
    gpu,
    accounts,
    decodeRuns,
    keys: createKeyDirectory(env.API_KEYS, nowMs),
    ...createTables(env.USAGE),
    reportRequest: (event) => env.USAGE_EVENTS.send(event),
    ...createPayments(env, platform),
    publicUrl: { origin: env.PUBLIC_URL, trustsForwarded: env.FORWARDED_HEADERS === "trusted" },
    operators: createOperators(env.ADMIN_SECRET),
    locationLimiter: createSampledLimiter(env.LOCATION_LIMITER, locationLimitSeconds * 1_000, nowMs),
    strangerLimiter: createFailureLimiter(env.STRANGER_LIMITER, strangerLimitSeconds * 1_000, nowMs),
    linkDecodeLimiter: env.LINK_DECODE_LIMITER,
    bodyBudget: createBodyBudget(nowMs),
    originSecrets: [env.GPU_BACKEND_SECRET, ...env.GPU_BACKEND_SECRETS_BEFORE],
    jobs,
    webhookRules: webhookRules(env),
    webhookDelivery: webhookDelivery(env, platform, jobs),
    reconcile: () => reconcile(reconcileParts(env, { accounts, nowMs })),
    imageLinks: createImageLinks(env.IMAGE_URL_SECRET, nowMs),
    generation: {
      models: offered.models,
      latents,
      images,
      accounts,
      gpu,
      latentRuns,
      decodeRuns,
      randomSeed: () => new DataView(Uint8Array.from(randomBytes(4)).buffer).getUint32(0),
      nowMs,
      newReservationId: newId,
      refusals: createRecentRefusals(nowMs),
      latentKeySecret: env.LATENT_KEY_SECRET,
      moderator: chooseModerator(env),
    },
  };
}

/** What is read of the database for lists and reports. */
function createTables(
  database: D1Database,
): Pick<
  Services,
  "accountIndex" | "auditIndex" | "paymentIndex" | "usage" | "charges" | "spend" | "traffic" | "lastReconciled"
> {
  return {
    accountIndex: createAccountIndex(database),
    auditIndex: createAuditIndex(database),
    paymentIndex: createPaymentIndex(database),
    usage: createUsageReader(database),
    charges: createChargeLines(database),
    spend: createSpendReader(database),
    traffic: createTrafficReader(database),
    lastReconciled: (accounts) => readLastReconciled(database, accounts),
  };
}

/** How credit is paid for, and requests without an account. */
function createPayments(
  env: WorkerEnv,
  platform: Platform,
): Pick<Services, "checkout" | "stripeWebhookSecret" | "trustsClientReference" | "x402"> {
  return {
    checkout: stripeCheckout(env),
    stripeWebhookSecret: env.STRIPE_WEBHOOK_SECRET,
    trustsClientReference: env.STRIPE_CLIENT_REFERENCE === "account",
    x402: x402Settings(env, platform),
  };
}

function modelSources(env: WorkerEnv, { bundle, nowMs }: Platform): ModelSources {
  const settings = { aliases: env.MODEL_ALIASES, unsupportedSizes: env.UNSUPPORTED_SIZES };
  return { bundle, settings, bucket: env.LATENTS, database: env.USAGE, nowMs };
}

function reconcileParts(env: WorkerEnv, { accounts, nowMs }: Pick<Services, "accounts" | "nowMs">): ReconcileParts {
  const database = env.USAGE;
  const meter = createMeter(env);
  return {
    database,
    entriesOf: (account, page) => accounts.of(account).settledEntries(page),
    copyAudit: (account) => accounts.of(account).copyAudit(),
    meter: meter && ((events) => meterUsage(meter, { database, nowMs }, events)),
    nowMs,
  };
}

/** What the Durable Objects that do the work take. Make it once an isolate: it learns how the backends are. */
export function createRunServices(
  env: WorkerEnv,
  platform: Platform,
  { manifestOf }: Pick<ModelRegistry, "manifestOf"> = createModelServices(modelSources(env, platform)).models,
): RunServices {
  const edge = optionalCache(platform.edge, platform.log);
  return {
    log: platform.log,
    accounts: createAccounts(env.ACCOUNT_LEDGERS),
    latents: createLatentCache({ bucket: env.LATENTS, edge }),
    images: createImageCache(edge, env.IMAGE_READS === "workers-cache" ? platform.imageReads : undefined),
    gpu: createGpuClient({ ...platform, manifestOf, backends: backendsOf(env), secret: env.GPU_BACKEND_SECRET }),
  };
}

function backendsOf({ GPU_BACKENDS, GPU_BACKEND_URL }: WorkerEnv): readonly GpuBackend[] {
  return GPU_BACKENDS ?? [{ url: GPU_BACKEND_URL }];
}

function webhookRules({ WEBHOOK_TARGETS: targets, WEBHOOK_HOSTS: hosts }: WorkerEnv): WebhookRules {
  return { targets, hosts };
}

function webhookDelivery(env: WorkerEnv, { fetch, timeout, nowMs, log }: Platform, jobs: Jobs): DeliveryParts {
  return {
    fetch,
    timeout,
    nowMs,
    log,
    rules: webhookRules(env),
    proxy: webhookProxy(env),
    secretsOf: async (account) => (await jobs.listOf(account).webhookSecrets()).map(({ secret }) => secret),
    noteAttempt: ({ account, jobId, id }, attempt) => jobs.of(account, jobId).noteWebhook(id, attempt),
  };
}

/** Throws `AppError` without its secret: anybody could send through a proxy without one. */
function webhookProxy({ WEBHOOK_PROXY_URL: url, WEBHOOK_PROXY_SECRET: secret }: WorkerEnv): WebhookProxy | undefined {
  if (url === undefined) return undefined;
  if (secret === undefined) throw new AppError("WEBHOOK_PROXY_URL needs WEBHOOK_PROXY_SECRET beside it.");
  return { url, secret };
}

/** Throws `AppError` if a setting is missing, so that no request for payment lacks a receiver. */
function x402Settings(env: WorkerEnv, { fetch, timeout, nowMs, log }: Platform): X402Settings | undefined {
  const { X402_PAY_TO: payTo, X402_FACILITATOR_URL: url, X402_NETWORK: network, X402_ASSET: asset } = env;
  if (payTo === undefined) return undefined;
  if (url === undefined || network === undefined || asset === undefined) {
    throw new AppError("X402_PAY_TO needs X402_FACILITATOR_URL, X402_NETWORK and X402_ASSET beside it.");
  }
  const { X402_ASSET_NAME: assetName, X402_ASSET_VERSION: assetVersion } = env;
  return {
    payTo,
    network,
    asset,
    assetName,
    assetVersion,
    fetch,
    timeout,
    nowMs,
    log,
    index: createX402Index(env.USAGE, nowMs),
    facilitatorUrl: url.replace(/\/+$/u, ""),
  };
}
