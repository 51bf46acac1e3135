import { type Handler, Hono, type MiddlewareHandler } from "hono";
import type { AppEnv } from "./middleware/app-env.ts";
import { authenticate, authenticateAdmin, authenticateLater } from "./middleware/authenticate.ts";
import { crossOrigin } from "./middleware/cross-origin.ts";
import { methodNotAllowed, plainErrors, unexpectedError } from "./middleware/errors.ts";
import { limitByAddress } from "./middleware/limit-by-address.ts";
import { measureRequests } from "./middleware/measure-requests.ts";
import { publicUrl } from "./middleware/public-url.ts";
import { provideBody } from "./middleware/request-body.ts";
import { requestId } from "./middleware/request-id.ts";
import { requestLog } from "./middleware/request-log.ts";
import { secureHeaders } from "./middleware/security-headers.ts";
import { getAccount, listAccounts, putAccount } from "./routes/admin-accounts.ts";
import { getAudit, getModelAudit } from "./routes/admin-audit.ts";
import { listAudit } from "./routes/admin-audit-list.ts";
import { listBackends } from "./routes/admin-backends.ts";
import { createKey, listKeys, revokeKey, rotateKey } from "./routes/admin-keys.ts";
import { getLedger, listLedgers } from "./routes/admin-ledgers.ts";
import { deleteModel, listOfferedModels, putModel } from "./routes/admin-models.ts";
import { postPromotion, postRollOut } from "./routes/admin-roll-outs.ts";
import { getSpend } from "./routes/admin-spend.ts";
import { getTraffic } from "./routes/admin-traffic.ts";
import { getBalance, grantCredit } from "./routes/balance.ts";
import { createImage } from "./routes/create-image.ts";
import { createQuote } from "./routes/create-quote.ts";
import { eraseAccount } from "./routes/erase-account.ts";
import { exportAccount } from "./routes/export-account.ts";
import { getImage } from "./routes/get-image.ts";
import { getLatent } from "./routes/get-latent.ts";
import { health } from "./routes/health.ts";
import { cancelJob, deleteJob, getJob, getJobEvents, listJobs } from "./routes/jobs.ts";
import { deleteLatent, putLatent } from "./routes/keep-latents.ts";
import { keyOrPayment } from "./routes/key-or-payment.ts";
import { decodeLatent, interpolateLatents } from "./routes/latent-pictures.ts";
import { listLatents } from "./routes/list-latents.ts";
import { getModel, listModels } from "./routes/list-models.ts";
import { getLlmsText, getOpenApi } from "./routes/openapi.ts";
import { listOwnKeys } from "./routes/own-keys.ts";
import { putJob } from "./routes/put-job.ts";
import { listReceipts } from "./routes/receipts.ts";
import { postReconciliation } from "./routes/reconcile.ts";
import { redeliverWebhook } from "./routes/redeliver-webhook.ts";
import { editImage, varyImage, varyLatent } from "./routes/start-images.ts";
import { stripeWebhook } from "./routes/stripe-webhook.ts";
import { textToImage } from "./routes/text-to-image.ts";
import { createTopup } from "./routes/topups.ts";
import { getIndex, unknownPath } from "./routes/unknown-path.ts";
import { getUsage } from "./routes/usage.ts";
import { verifyPicture } from "./routes/verify-picture.ts";
import { getWebhookSecret, rotateWebhookSecret } from "./routes/webhook-secret.ts";
import { type Guard, type Route, type RouteId, routesByPath } from "./routing/route-table.ts";
import type { Services } from "./services.ts";

/**
 * The Worker's HTTP side. `routing/route-table.ts` lists every route with its guard and bounds; here each gets its
 * handler. A request meets the middleware in this order: request id, public URL, log, security headers, CORS, the
 * report of its outcome, the route's body (not read yet), its guard.
 */
export function createApp(services: Services): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(requestId(services.randomBytes));
  app.use(publicUrl(services.publicUrl));
  app.use(requestLog(services.log, services.nowMs));
  app.use(secureHeaders());
  app.use(crossOrigin());
  app.use("/hf/*", plainErrors());

  const handlers = handlersOf(services);
  const guardOf = createGuards(services);
  const bodyOf = ({ bodyBytesMax }: Route) => (bodyBytesMax === undefined ? [] : [provideBody(services, bodyBytesMax)]);
  const measure = measureRequests(services);
  const measureOf = (route: Route) => (route.work === "backend" && route.money === "held" ? [measure] : []);
  for (const [path, routes] of routesByPath()) {
    for (const [id, route] of routes) {
      const before = [...measureOf(route), ...bodyOf(route), ...guardOf(route.guard)];
      app.on(route.method.toUpperCase(), [path], ...before, handlers[id]);
    }
    app.all(path, methodNotAllowed(...routes.flatMap(([, { method }]) => methodNames(method))));
  }

  app.notFound(unknownPath);
  app.onError(unexpectedError(services.log));
  return app;
}

/** A method as a request names it; whatever answers GET answers HEAD. */
function methodNames(method: Route["method"]): readonly string[] {
  return method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()];
}

/** The handler of every route: the compiler misses none. */
function handlersOf(services: Services): Readonly<Record<RouteId, Handler<AppEnv>>> {
  return {
    createImage: createImage(services),
    editImage: editImage(services),
    varyImage: varyImage(services),
    getImage: getImage(services),
    textToImage: textToImage(services),
    listLatents: listLatents(services.generation),
    getLatent: getLatent(services.latents),
    deleteLatent: deleteLatent(services),
    putLatent: putLatent(services.generation),
    decodeLatent: decodeLatent(services),
    interpolateLatents: interpolateLatents(services),
    varyLatent: varyLatent(services),
    createQuote: createQuote(services.generation),
    listJobs: listJobs(services),
    putJob: putJob(services),
    getJob: getJob(services),
    deleteJob: deleteJob(services),
    getJobEvents: getJobEvents(services),
    cancelJob: cancelJob(services),
    redeliverWebhook: redeliverWebhook(services),
    getWebhookSecret: getWebhookSecret(services.jobs),
    rotateWebhookSecret: rotateWebhookSecret(services.jobs),
    getBalance: getBalance(services),
    getUsage: getUsage(services),
    listOwnKeys: listOwnKeys(services),
    createTopup: createTopup(services),
    listReceipts: listReceipts(services),
    exportAccount: exportAccount(services),
    eraseAccount: eraseAccount(services),
    stripeWebhook: stripeWebhook(services),
    ...operatorHandlers(services),
    listModels: listModels(services),
    getModel: getModel(services),
    verifyPicture: verifyPicture(services),
    getHealth: health(services),
    getOpenApi: getOpenApi(services.models),
    getLlmsText: getLlmsText(services.models),
    getIndex: getIndex(),
  };
}

/** Those behind the operator's credential. */
function operatorHandlers(services: Services) {
  return {
    listAccounts: listAccounts(services),
    getAccount: getAccount(services),
    putAccount: putAccount(services),
    grantCredit: grantCredit(services),
    getAudit: getAudit(services),
    getModelAudit: getModelAudit(services),
    listAudit: listAudit(services),
    getTraffic: getTraffic(services),
    getSpend: getSpend(services),
    listLedgers: listLedgers(services),
    getLedger: getLedger(services),
    listBackends: listBackends(services),
    listOfferedModels: listOfferedModels(services),
    putModel: putModel(services),
    postRollOut: postRollOut(services),
    postPromotion: postPromotion(services),
    deleteModel: deleteModel(services),
    postReconciliation: postReconciliation(services),
    listKeys: listKeys(services),
    createKey: createKey(services),
    revokeKey: revokeKey(services),
    rotateKey: rotateKey(services),
  };
}

/** The middleware of each kind of guard. */
function createGuards(services: Services): (guard: Guard) => readonly MiddlewareHandler<AppEnv>[] {
  const allow = authenticate(services);
  const allowLater = authenticateLater(services);
  return (guard) => {
    switch (guard.by) {
      case "key":
        return [guard.admission === "first" ? allow(guard.scope) : allowLater(guard.scope)];
      case "key-or-payment":
        return [keyOrPayment(services, allowLater(guard.scope))];
      case "operator":
        return [authenticateAdmin(services)];
      case "address":
      case "link":
      case "stripe":
        // Handlers check the signatures of links and of Stripe.
        return [limitByAddress(services.locationLimiter)];
    }
  };
}
