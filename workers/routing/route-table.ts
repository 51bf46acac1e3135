import type { KeyScope } from "../../shared/api/key-scopes.ts";
import {
  imagePromptsBodyBytesMax,
  jobBodyBytesMax,
  latentFileBytesMax,
  modelBodyBytesMax,
  picturesBodyBytesMax,
  requestBodyBytesMax,
  verifiedFileBytesMax,
} from "../../shared/limits.ts";

/**
 * Who may use a route, and what limits it:
 * - `key`: an API key with this scope, within its rate. `admission: "with-money"` defers the account's answer to the
 *   call
 *   that reserves, for routes that reserve anyway.
 * - `key-or-payment`: the same, or a payment by x402 in place of a key.
 * - `operator`: an operator's credential; wrong ones are limited by address.
 * - `address`: anybody.
 * - `link`: a signed link; it was paid for with its picture, and a forged one is refused before any look-up.
 * - `stripe`: Stripe's signature.
 *
 * The location's limiter bounds the last three by address, and callers without a key where a payment may replace it.
 */
export type Guard =
  | { readonly by: "key"; readonly scope: KeyScope; readonly admission: "first" | "with-money" }
  | { readonly by: "key-or-payment"; readonly scope: KeyScope }
  | { readonly by: "operator" | "address" | "link" | "stripe" };

/** Guards behind which money is held before a backend works. */
type PayingGuard = Extract<Guard, { readonly by: "key" | "key-or-payment" }>;

interface RouteBase {
  readonly method: "get" | "post" | "put" | "delete";
  /** Hono's form: "/v1/models/:id". */
  readonly path: string;
  /** The most bytes of a body; absent: the route reads none. */
  readonly bodyBytesMax?: number;
  /** Whether the OpenAPI document describes it. */
  readonly documented?: false;
}

/**
 * One route. A route that makes a backend work must say what holds money or sets a rate for it: `money: "held"`
 * reserves the ceiling before the first request to a backend; `"paid"` was paid before, and names what its work is
 * counted by, since it can be asked for again; `"free"` needs a guard by address, and bounds what an address can cause:
 * health is answered from the last look for a while, and marks are looked for sixty times a minute.
 */
export type Route = RouteBase &
  (
    | { readonly guard: Guard; readonly work: "none" }
    | { readonly guard: PayingGuard; readonly work: "backend"; readonly money: "held" }
    | {
        readonly guard: { readonly by: "link" };
        readonly work: "backend";
        readonly money: "paid";
        /** Decodes by links are counted for the account that the picture was made for. */
        readonly rate: "account";
      }
    | { readonly guard: { readonly by: "address" }; readonly work: "backend"; readonly money: "free" }
  );

const read = { by: "key", scope: "read", admission: "first" } as const;
const generate = { by: "key", scope: "generate", admission: "first" } as const;
const latents = { by: "key", scope: "latents", admission: "first" } as const;
const jobs = { by: "key", scope: "jobs", admission: "first" } as const;
const operator = { by: "operator" } as const;
const address = { by: "address" } as const;

const heldWork = { work: "backend", money: "held" } as const;
const noWork = { work: "none" } as const;

const account = "/v1/admin/accounts/:account";
const job = "/v1/jobs/:id";
const latent = "/v1/latents/:id";
const bodyBytesMax = requestBodyBytesMax;

/** Every route, by the operation's id. Router, 405, OpenAPI document and security tests derive from it. */
export const routeTable = {
  createImage: {
    method: "post",
    path: "/v1/images/generations",
    guard: { by: "key-or-payment", scope: "generate" },
    bodyBytesMax: imagePromptsBodyBytesMax,
    ...heldWork,
  },
  editImage: {
    method: "post",
    path: "/v1/images/edits",
    guard: generate,
    bodyBytesMax: picturesBodyBytesMax,
    ...heldWork,
  },
  varyImage: {
    method: "post",
    path: "/v1/images/variations",
    guard: generate,
    bodyBytesMax: picturesBodyBytesMax,
    ...heldWork,
  },
  getImage: {
    method: "get",
    path: "/v1/images/:file",
    guard: { by: "link" },
    work: "backend",
    money: "paid",
    rate: "account",
  },
  textToImage: {
    method: "post",
    path: "/hf/models/:id",
    guard: { by: "key", scope: "generate", admission: "with-money" },
    bodyBytesMax,
    ...heldWork,
  },
  listLatents: { method: "get", path: "/v1/latents", guard: latents, ...noWork },
  getLatent: { method: "get", path: latent, guard: latents, ...noWork },
  deleteLatent: { method: "delete", path: latent, guard: latents, ...noWork },
  putLatent: { method: "put", path: "/v1/latents", guard: latents, bodyBytesMax: latentFileBytesMax, ...noWork },
  decodeLatent: { method: "post", path: `${latent}/decode`, guard: generate, bodyBytesMax, ...heldWork },
  interpolateLatents: { method: "post", path: `${latent}/interpolate`, guard: generate, bodyBytesMax, ...heldWork },
  varyLatent: {
    method: "post",
    path: `${latent}/variations`,
    guard: generate,
    bodyBytesMax: picturesBodyBytesMax,
    ...heldWork,
  },
  createQuote: { method: "post", path: "/v1/quotes", guard: generate, bodyBytesMax, ...noWork },
  listJobs: { method: "get", path: "/v1/jobs", guard: jobs, ...noWork },
  putJob: { method: "put", path: job, guard: jobs, bodyBytesMax: jobBodyBytesMax, ...heldWork },
  getJob: { method: "get", path: job, guard: jobs, ...noWork },
  deleteJob: { method: "delete", path: job, guard: jobs, ...noWork },
  getJobEvents: { method: "get", path: `${job}/events`, guard: jobs, ...noWork },
  cancelJob: { method: "post", path: `${job}/cancel`, guard: jobs, ...noWork },
  redeliverWebhook: { method: "post", path: `${job}/webhook/redeliver`, guard: jobs, ...noWork },
  getWebhookSecret: { method: "get", path: "/v1/webhooks/secret", guard: jobs, ...noWork },
  rotateWebhookSecret: { method: "post", path: "/v1/webhooks/secret/rotate", guard: jobs, ...noWork },
  getBalance: { method: "get", path: "/v1/balance", guard: read, ...noWork },
  getUsage: { method: "get", path: "/v1/usage", guard: read, ...noWork },
  listOwnKeys: { method: "get", path: "/v1/keys", guard: read, ...noWork },
  createTopup: { method: "post", path: "/v1/topups", guard: read, bodyBytesMax, ...noWork },
  listReceipts: { method: "get", path: "/v1/receipts", guard: read, ...noWork },
  exportAccount: { method: "get", path: "/v1/account/export", guard: read, ...noWork },
  eraseAccount: { method: "delete", path: "/v1/account/data", guard: read, ...noWork },
  stripeWebhook: { method: "post", path: "/v1/stripe/webhook", guard: { by: "stripe" }, bodyBytesMax, ...noWork },
  listAccounts: { method: "get", path: "/v1/admin/accounts", guard: operator, ...noWork },
  getAccount: { method: "get", path: account, guard: operator, ...noWork },
  putAccount: { method: "put", path: account, guard: operator, bodyBytesMax, ...noWork },
  grantCredit: { method: "post", path: `${account}/grants`, guard: operator, bodyBytesMax, ...noWork },
  getAudit: { method: "get", path: `${account}/audit`, guard: operator, ...noWork },
  listAudit: { method: "get", path: "/v1/admin/audit/accounts", guard: operator, ...noWork },
  getTraffic: { method: "get", path: "/v1/admin/traffic", guard: operator, ...noWork },
  getSpend: { method: "get", path: "/v1/admin/spend", guard: operator, ...noWork },
  getLedger: { method: "get", path: `${account}/ledger`, guard: operator, ...noWork },
  listLedgers: { method: "get", path: "/v1/admin/ledgers", guard: operator, ...noWork },
  listBackends: { method: "get", path: "/v1/admin/backends", guard: operator, ...noWork },
  listOfferedModels: { method: "get", path: "/v1/admin/models", guard: operator, ...noWork },
  putModel: { method: "put", path: "/v1/admin/models", guard: operator, bodyBytesMax: modelBodyBytesMax, ...noWork },
  postRollOut: {
    method: "post",
    path: "/v1/admin/models/:name/roll-out",
    guard: operator,
    bodyBytesMax,
    ...noWork,
  },
  postPromotion: { method: "post", path: "/v1/admin/models/:name/promote", guard: operator, ...noWork },
  deleteModel: { method: "delete", path: "/v1/admin/models/:name", guard: operator, ...noWork },
  getModelAudit: { method: "get", path: "/v1/admin/audit/models", guard: operator, ...noWork },
  postReconciliation: { method: "post", path: "/v1/admin/reconciliations", guard: operator, ...noWork },
  listKeys: { method: "get", path: `${account}/keys`, guard: operator, ...noWork },
  createKey: { method: "post", path: `${account}/keys`, guard: operator, bodyBytesMax, ...noWork },
  revokeKey: { method: "delete", path: `${account}/keys/:key`, guard: operator, ...noWork },
  rotateKey: { method: "post", path: `${account}/keys/:key/rotations`, guard: operator, bodyBytesMax, ...noWork },
  listModels: { method: "get", path: "/v1/models", guard: address, ...noWork },
  getModel: { method: "get", path: "/v1/models/:id", guard: address, ...noWork },
  verifyPicture: {
    method: "post",
    path: "/v1/verify",
    guard: address,
    bodyBytesMax: verifiedFileBytesMax,
    work: "backend",
    money: "free",
  },
  getHealth: { method: "get", path: "/v1/health", guard: address, work: "backend", money: "free" },
  getOpenApi: { method: "get", path: "/openapi.json", guard: address, ...noWork, documented: false },
  getLlmsText: { method: "get", path: "/llms.txt", guard: address, ...noWork, documented: false },
  getIndex: { method: "get", path: "/v1", guard: address, ...noWork, documented: false },
} as const satisfies Readonly<Record<string, Route>>;

/** The operation's id in the OpenAPI document. */
export type RouteId = keyof typeof routeTable;

/** The routes that the OpenAPI document describes. */
export type DocumentedRouteId = {
  [Id in RouteId]: (typeof routeTable)[Id] extends { readonly documented: false } ? never : Id;
}[RouteId];

/** Every route and its id. */
export function allRoutes(): readonly (readonly [RouteId, Route])[] {
  // Object.entries knows of no literal keys.
  return Object.entries(routeTable) as readonly (readonly [RouteId, Route])[];
}

/** Path → its routes, in the order of the table: a path with a parameter comes after those that it would match. */
export function routesByPath(): ReadonlyMap<string, ReturnType<typeof allRoutes>> {
  const paths = [...new Set(allRoutes().map(([, { path }]) => path))];
  return new Map(paths.map((path) => [path, allRoutes().filter(([, route]) => route.path === path)]));
}
