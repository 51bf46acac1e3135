import { Hono } from "hono";
import type { AppEnv } from "./middleware/app-env.ts";
import { authenticate, authenticateAdmin } from "./middleware/authenticate.ts";
import { limitBody } from "./middleware/body-limit.ts";
import { crossOrigin } from "./middleware/cross-origin.ts";
import { methodNotAllowed, notFound, plainErrors, unexpectedError } from "./middleware/errors.ts";
import { requestId } from "./middleware/request-id.ts";
import { requestLog } from "./middleware/request-log.ts";
import { getBalance, grantCredit } from "./routes/balance.ts";
import { createImage } from "./routes/create-image.ts";
import { createQuote } from "./routes/create-quote.ts";
import { getImage } from "./routes/get-image.ts";
import { getLatent } from "./routes/get-latent.ts";
import { health } from "./routes/health.ts";
import { getModel, listModels } from "./routes/list-models.ts";
import { textToImage } from "./routes/text-to-image.ts";
import type { Services } from "./services.ts";

/** The table of contents: every middleware and every route, in the order in which a request meets them. */
export function createApp(services: Services): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const withKey = authenticate(services.keys);
  const withAdmin = authenticateAdmin(services.adminSecret);
  const readOnly = methodNotAllowed("GET", "HEAD");

  app.use(requestId(services.randomBytes));
  app.use(requestLog(services.log, services.nowMs));
  app.use(crossOrigin());

  app.post("/v1/images/generations", withKey, limitBody(), createImage(services));
  app.all("/v1/images/generations", methodNotAllowed("POST"));

  app.post("/v1/quotes", withKey, limitBody(), createQuote(services.generation));
  app.all("/v1/quotes", methodNotAllowed("POST"));

  app.get("/v1/images/:file", getImage(services));
  app.all("/v1/images/:file", readOnly);

  app.get("/v1/latents/:id", withKey, getLatent(services.latents));
  app.all("/v1/latents/:id", readOnly);

  app.get("/v1/balance", withKey, getBalance(services.ledgers));
  app.all("/v1/balance", readOnly);

  app.post("/v1/admin/accounts/:account/grants", withAdmin, limitBody(), grantCredit(services.ledgers));
  app.all("/v1/admin/accounts/:account/grants", methodNotAllowed("POST"));

  app.get("/v1/models", listModels(services.models));
  app.all("/v1/models", readOnly);
  app.get("/v1/models/:id", getModel(services.models));
  app.all("/v1/models/:id", readOnly);

  app.use("/hf/*", plainErrors());
  app.post("/hf/models/:id", withKey, limitBody(), textToImage(services));
  app.all("/hf/models/:id", methodNotAllowed("POST"));

  app.get("/v1/health", health(services));
  app.all("/v1/health", readOnly);

  app.notFound(notFound);
  app.onError(unexpectedError(services.log));
  return app;
}
