import { credentialOf } from "../../../workers/openapi/document.ts";
import type { Operation } from "../../../workers/openapi/operation.ts";
import { operations } from "../../../workers/openapi/operations.ts";
import { allRoutes, type RouteId } from "../../../workers/routing/route-table.ts";
import type { Services } from "../../../workers/services.ts";

/** One route, with a path that its parameters are well formed in. */
export interface RouteProbe {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly credential: ReturnType<typeof credentialOf>;
  /** The content type of the body that it reads; undefined: it reads none. */
  readonly bodyType: string | undefined;
}

/** What a stranger would put into a path. */
const samples: Readonly<Record<string, string>> = {
  account: "somebody",
  key: "0123456789abcdef",
  file: `${"0".repeat(64)}.png?exp=9999999999&sig=AAAA`,
  id: "0".repeat(64),
};

/** Every route of the table. */
export function routeProbes({ models }: Pick<Services, "models">): readonly RouteProbe[] {
  const described: Partial<Record<RouteId, Operation>> = operations({
    default: models.default,
    list: [models.default],
    aliases: [],
  });
  return allRoutes().map(([id, { method, path, guard }]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path: path.replace(/:(\w+)/gu, (_, name: string) => samples[name] ?? "x"),
    credential: credentialOf(guard),
    bodyType: Object.keys(described[id]?.body ?? {})[0],
  }));
}
