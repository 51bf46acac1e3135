import type { Context } from "hono";
import type { Health } from "../../shared/api/health.ts";
import type { Services } from "./services.ts";

/** GET /health and GET /health/live: 200 while the process serves, saying whether the model is loaded. */
export function answerLive(services: Services) {
  return (context: Context): Response => context.json(healthOf(services));
}

/** GET /health/ready: 200 when tasks are taken at once, else 502, the status of `backend_unavailable`. */
export function answerReady(services: Services) {
  return (context: Context): Response => context.json(healthOf(services), services.isReady() ? 200 : 502);
}

function healthOf({ models, isReady, warm, scheduler }: Services): Health {
  const { id, revision } = models.default.manifest;
  const warmNow = warm();
  const held = models.manifests().map((manifest) => {
    return { model: manifest.id, revision: manifest.revision, warm: warmNow.includes(manifest.revision) };
  });
  const waiting = scheduler.waiting().tasks;
  const tasks = { waiting, running: Math.max(0, scheduler.depth() - waiting) };
  return { status: isReady() ? "ready" : "starting", model: id, revision, models: held, tasks };
}
