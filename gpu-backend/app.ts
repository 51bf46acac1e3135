import { Hono } from "hono";
import { answerFailure } from "./http/answer-failure.ts";
import { cancelTask } from "./http/cancel-task.ts";
import { checkModel } from "./http/check-model.ts";
import { decodeLatent } from "./http/decode-latent.ts";
import { encodeImage } from "./http/encode-image.ts";
import { encodeImagePrompt } from "./http/encode-image-prompt.ts";
import { encodeMask } from "./http/encode-mask.ts";
import { answerLive, answerReady } from "./http/health.ts";
import { logRequests } from "./http/log-requests.ts";
import { readMark } from "./http/read-mark.ts";
import { runStageC } from "./http/run-stage-c.ts";
import type { Services } from "./http/services.ts";
import { answerSigned } from "./http/signed-route.ts";
import { tellBacklog } from "./http/tell-backlog.ts";

/** All that computes, cancels or reads files. */
const signedRoutes = [
  runStageC,
  decodeLatent,
  cancelTask,
  encodeImage,
  encodeImagePrompt,
  encodeMask,
  checkModel,
  readMark,
];

/** Every route of the backend. Keep those that are not signed off the public network. */
export function createApp(services: Services): Hono {
  const app = new Hono();
  app.use(logRequests(services));
  app.use(tellBacklog(services));

  for (const route of signedRoutes.map((routeFor) => routeFor(services))) {
    app.post(route.path, answerSigned(services, route));
    app.all(route.path, (context) => answerFailure(context, { code: "method_not_allowed", allowed: ["POST"] }));
  }

  app.get("/health", answerLive(services));
  app.get("/health/live", answerLive(services));
  app.get("/health/ready", answerReady(services));
  app.get("/metrics", async (context) => {
    const { metrics } = services;
    return context.body(await metrics.text(), 200, { "content-type": metrics.contentType });
  });

  app.notFound((context) => answerFailure(context, { code: "not_found", what: "path" }));
  app.onError((error, context) => {
    // The message may quote a request; name and place are enough to find a bug.
    const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
    services.log.error({ error: error.name, place: place?.trim() }, "unhandled");
    return answerFailure(context, { code: "internal" });
  });
  return app;
}
