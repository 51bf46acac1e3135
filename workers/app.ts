import { Hono } from "hono";
import { jobBodyBytesMax, latentFileBytesMax, picturesBodyBytesMax, verifiedFileBytesMax } from "../shared/limits.ts";
import type { AppEnv } from "./middleware/app-env.ts";
import { authenticate, authenticateAdmin, authenticateLater } from "./middleware/authenticate.ts";
import { limitBody } from "./middleware/body-limit.ts";
import { crossOrigin } from "./middleware/cross-origin.ts";
import { methodNotAllowed, notFound, plainErrors, unexpectedError } from "./middleware/errors.ts";
import { limitByAddress } from "./middleware/limit-by-address.ts";
import { requestId } from "./middleware/request-id.ts";
import { requestLog } from "./middleware/request-log.ts";
import { getAccount, listAccounts, putAccount } from "./routes/admin-accounts.ts";
import { getAudit } from "./routes/admin-audit.ts";
import { createKey, listKeys, revokeKey, rotateKey } from "./routes/admin-keys.ts";
import { getBalance, grantCredit } from "./routes/balance.ts";
import { createImage } from "./routes/create-image.ts";
import { createQuote } from "./routes/create-quote.ts";
import { getDocsPage } from "./routes/docs-page.ts";
import { getImage } from "./routes/get-image.ts";
import { getLatent } from "./routes/get-latent.ts";
import { health } from "./routes/health.ts";
import { cancelJob, deleteJob, getJob, getJobEvents, listJobs } from "./routes/jobs.ts";
import { deleteLatent, putLatent } from "./routes/keep-latents.ts";
import { keyOrPayment } from "./routes/key-or-payment.ts";
import { decodeLatent, interpolateLatents } from "./routes/latent-pictures.ts";
import { getModel, listModels } from "./routes/list-models.ts";
import { getOpenApi } from "./routes/openapi.ts";
import { putJob } from "./routes/put-job.ts";
import { editImage, varyImage, varyLatent } from "./routes/start-images.ts";
import { stripeWebhook } from "./routes/stripe-webhook.ts";
import { textToImage } from "./routes/text-to-image.ts";
import { verifyPicture } from "./routes/verify-picture.ts";
import { getWebhookSecret, rotateWebhookSecret } from "./routes/webhook-secret.ts";
import type { Services } from "./services.ts";

/**
 * The table of contents: every middleware and every route, in the order in which a request meets them.
 * `allow(scope)` names what a key must be good for, `allowLater(scope)` too, where money is reserved in the same call; `operator` takes no key but an operator's credential; a route with
 * neither is open to everyone.
 */
export function createApp(services: Services): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const allow = authenticate(services);
  const readOnly = methodNotAllowed("GET", "HEAD");

  app.use(requestId(services.randomBytes));
  app.use(requestLog(services.log, services.nowMs));
  app.use(crossOrigin());

  routeImages(app, allow, services);
  routeLatents(app, allow, services);

  app.post("/v1/quotes", allow("generate"), limitBody(), createQuote(services.generation));
  app.all("/v1/quotes", methodNotAllowed("POST"));

  addJobRoutes(app, services);

  app.get("/v1/balance", allow("read"), getBalance(services.accounts));
  app.all("/v1/balance", readOnly);

  app.post("/v1/stripe/webhook", limitBody(), stripeWebhook(services));
  app.all("/v1/stripe/webhook", methodNotAllowed("POST"));

  addAdminRoutes(app, services);

  app.get("/v1/models", listModels(services.models));
  app.all("/v1/models", readOnly);
  app.get("/v1/models/:id", getModel(services.models));
  app.all("/v1/models/:id", readOnly);

  app.post(
    "/v1/verify",
    limitByAddress(services.locationLimiter),
    limitBody(verifiedFileBytesMax),
    verifyPicture(services),
  );
  app.all("/v1/verify", methodNotAllowed("POST"));

  app.use("/hf/*", plainErrors());
  app.post("/hf/models/:id", authenticateLater(services)("generate"), limitBody(), textToImage(services));
  app.all("/hf/models/:id", methodNotAllowed("POST"));

  app.get("/v1/health", health(services));
  app.all("/v1/health", readOnly);

  app.get("/openapi.json", getOpenApi(services.models));
  app.all("/openapi.json", readOnly);
  app.get("/docs", getDocsPage());
  app.all("/docs", readOnly);

  app.notFound(notFound);
  app.onError(unexpectedError(services.log));
  return app;
}

/** Work that outlives its request. */
function addJobRoutes(app: Hono<AppEnv>, services: Services): void {
  const allow = authenticate(services);
  const readOnly = methodNotAllowed("GET", "HEAD");

  app.get("/v1/jobs", allow("jobs"), listJobs(services));
  app.all("/v1/jobs", readOnly);
  app.put("/v1/jobs/:id", allow("jobs"), limitBody(jobBodyBytesMax), putJob(services));
  app.get("/v1/jobs/:id", allow("jobs"), getJob(services));
  app.delete("/v1/jobs/:id", allow("jobs"), deleteJob(services));
  app.all("/v1/jobs/:id", methodNotAllowed("GET", "HEAD", "PUT", "DELETE"));
  app.get("/v1/jobs/:id/events", allow("jobs"), getJobEvents(services));
  app.all("/v1/jobs/:id/events", readOnly);
  app.post("/v1/jobs/:id/cancel", allow("jobs"), cancelJob(services));
  app.all("/v1/jobs/:id/cancel", methodNotAllowed("POST"));

  app.get("/v1/webhooks/secret", allow("jobs"), getWebhookSecret(services.jobs));
  app.all("/v1/webhooks/secret", readOnly);
  app.post("/v1/webhooks/secret/rotate", allow("jobs"), rotateWebhookSecret(services.jobs));
  app.all("/v1/webhooks/secret/rotate", methodNotAllowed("POST"));
}

/** What the operator does with accounts, keys and credit. */
function addAdminRoutes(app: Hono<AppEnv>, services: Services): void {
  const operator = authenticateAdmin(services.operators);
  const readOnly = methodNotAllowed("GET", "HEAD");

  app.get("/v1/admin/accounts", operator, listAccounts(services));
  app.all("/v1/admin/accounts", readOnly);
  app.get("/v1/admin/accounts/:account", operator, getAccount(services));
  app.put("/v1/admin/accounts/:account", operator, limitBody(), putAccount(services));
  app.all("/v1/admin/accounts/:account", methodNotAllowed("GET", "HEAD", "PUT"));
  app.post("/v1/admin/accounts/:account/grants", operator, limitBody(), grantCredit(services));
  app.all("/v1/admin/accounts/:account/grants", methodNotAllowed("POST"));
  app.get("/v1/admin/accounts/:account/audit", operator, getAudit(services));
  app.all("/v1/admin/accounts/:account/audit", readOnly);
  app.get("/v1/admin/accounts/:account/keys", operator, listKeys(services));
  app.post("/v1/admin/accounts/:account/keys", operator, limitBody(), createKey(services));
  app.all("/v1/admin/accounts/:account/keys", methodNotAllowed("GET", "HEAD", "POST"));
  app.delete("/v1/admin/accounts/:account/keys/:key", operator, revokeKey(services));
  app.all("/v1/admin/accounts/:account/keys/:key", methodNotAllowed("DELETE"));
  app.post("/v1/admin/accounts/:account/keys/:key/rotations", operator, limitBody(), rotateKey(services));
  app.all("/v1/admin/accounts/:account/keys/:key/rotations", methodNotAllowed("POST"));
}

type Allow = ReturnType<typeof authenticate>;

/** Ways to make pictures, and the way to one that was made. */
function routeImages(app: Hono<AppEnv>, allow: Allow, services: Services): void {
  const allowLater = authenticateLater(services);
  app.post(
    "/v1/images/generations",
    keyOrPayment(services, allowLater("generate")),
    limitBody(),
    createImage(services),
  );
  app.all("/v1/images/generations", methodNotAllowed("POST"));

  app.post("/v1/images/edits", allow("generate"), limitBody(picturesBodyBytesMax), editImage(services));
  app.all("/v1/images/edits", methodNotAllowed("POST"));
  app.post("/v1/images/variations", allow("generate"), limitBody(picturesBodyBytesMax), varyImage(services));
  app.all("/v1/images/variations", methodNotAllowed("POST"));

  app.get("/v1/images/:file", getImage(services));
  app.all("/v1/images/:file", methodNotAllowed("GET", "HEAD"));
}

/** Latents as resources, for the account that owns them. */
function routeLatents(app: Hono<AppEnv>, allow: Allow, services: Services): void {
  app.get("/v1/latents/:id", allow("latents"), getLatent(services.latents));
  app.delete("/v1/latents/:id", allow("latents"), deleteLatent(services));
  app.all("/v1/latents/:id", methodNotAllowed("GET", "HEAD", "DELETE"));
  app.put("/v1/latents", allow("latents"), limitBody(latentFileBytesMax), putLatent(services.generation));
  app.all("/v1/latents", methodNotAllowed("PUT"));
  app.post("/v1/latents/:id/decode", allow("generate"), limitBody(), decodeLatent(services));
  app.all("/v1/latents/:id/decode", methodNotAllowed("POST"));
  app.post("/v1/latents/:id/interpolate", allow("generate"), limitBody(), interpolateLatents(services));
  app.all("/v1/latents/:id/interpolate", methodNotAllowed("POST"));
  app.post("/v1/latents/:id/variations", allow("generate"), limitBody(picturesBodyBytesMax), varyLatent(services));
  app.all("/v1/latents/:id/variations", methodNotAllowed("POST"));
}
