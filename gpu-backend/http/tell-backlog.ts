import type { MiddlewareHandler } from "hono";
import { backlogHeader, formatBacklog } from "../../shared/wire/backlog.ts";
import type { Services } from "./services.ts";

/** Every answer, a refusal too, tells the edge how much work there is, so that it knows where there is room. */
export function tellBacklog({ scheduler }: Pick<Services, "scheduler">): MiddlewareHandler {
  return async (context, next) => {
    await next();
    context.header(backlogHeader, formatBacklog(scheduler.backlogMs()));
  };
}
