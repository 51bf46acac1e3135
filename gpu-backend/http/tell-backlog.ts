import type { MiddlewareHandler } from "hono";
import { backlogHeader, formatBacklog } from "../../shared/wire/backlog.ts";
import type { Services } from "./services.ts";

/** Adds the backlog to every answer, also to refusals, so that the edge can choose the backend with room. */
export function tellBacklog({ scheduler }: Pick<Services, "scheduler">): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.header(backlogHeader, formatBacklog(scheduler.backlogMs()));
  };
}
