import type { Handler, NotFoundHandler } from "hono";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { allRoutes } from "../routing/route-table.ts";

/** `GET /v1`, where a person looks first: what is here, and where it is described. */
export function getIndex(): Handler<AppEnv> {
  return (c) =>
    c.json({
      object: "api",
      name: "wuerstchen-edge",
      documentation: "/docs",
      openapi: "/openapi.json",
      models: "/v1/models",
      playground: "/",
    });
}

/** Answers what no route and no static file took. A client whose base URL lacks "/v1" is told so. */
export const unknownPath: NotFoundHandler<AppEnv> = (c) => {
  const { path } = c.req;
  const hint = isMissingVersion(path)
    ? `Did you mean /v1${path}? The base URL of this API ends in /v1.`
    : "GET /docs shows the paths that exist.";
  return failureResponse(c, { code: "not_found", what: "path", hint });
};

function isMissingVersion(path: string): boolean {
  const segments = `/v1${path}`.split("/");
  return allRoutes().some(([, route]) => {
    const pattern = route.path.split("/");
    return (
      pattern.length === segments.length && pattern.every((part, i) => part.startsWith(":") || part === segments[i])
    );
  });
}
