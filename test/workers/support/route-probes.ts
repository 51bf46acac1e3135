import type { Operation } from "../../../workers/openapi/operation.ts";
import { operations } from "../../../workers/openapi/operations.ts";
import type { Services } from "../../../workers/services.ts";

/** One route, with a path that its parameters are well formed in. */
export interface RouteProbe {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly credential: Operation["credential"];
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

/** Every route that the service tells of; that it tells of all is what the test of the document is for. */
export function routeProbes({ models }: Pick<Services, "models">): readonly RouteProbe[] {
  return operations(models).map(({ method, path, credential, body }) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path: path.replace(/\{(\w+)\}/gu, (_, name: string) => samples[name] ?? "x"),
    credential,
    bodyType: body === undefined ? undefined : Object.keys(body)[0],
  }));
}
