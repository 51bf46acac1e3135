import type { MiddlewareHandler } from "hono";
import { backlogHeader, formatBacklog } from "../../shared/wire/backlog.ts";
import { formatModels, modelsHeader } from "../../shared/wire/models-header.ts";
import type { Services } from "./services.ts";

/**
 * Adds the backlog and the models to every answer, also to refusals, so that the edge can choose the backend with room
 * that has loaded a model.
 */
export function tellBacklog({
  scheduler,
  models,
  warm,
}: Pick<Services, "scheduler" | "models" | "warm">): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.header(backlogHeader, formatBacklog(scheduler.backlogMs()));
    const held = models.manifests().map(({ revision }) => revision);
    context.header(modelsHeader, formatModels({ held, warm: warm() }));
  };
}
