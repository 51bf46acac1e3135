import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";

/** How clients reach this service. */
export interface PublicUrlSettings {
  /** "https://images.example.com"; undefined: as each request says. */
  readonly origin: string | undefined;
  /** Whether a proxy stands before the service that sets `X-Forwarded-Proto` and `X-Forwarded-Host` itself. */
  readonly trustsForwarded: boolean;
}

/** Says where links in answers lead: see `publicUrlOf`. */
export function publicUrl(settings: PublicUrlSettings): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    c.set(
      "publicUrl",
      publicUrlOf(c.req.url, (name) => c.req.header(name), settings),
    );
    return next();
  };
}

const hostPattern = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/iu;

/**
 * A request's URL as its client sees it. The operator's own origin comes first, then what a trusted proxy says; of
 * several values, the last is the nearest proxy's. Headers that name no host or scheme count as missing.
 */
export function publicUrlOf(
  url: string,
  header: (name: string) => string | undefined,
  { origin, trustsForwarded }: PublicUrlSettings,
): string {
  const seen = new URL(url);
  if (origin !== undefined) return origin + seen.pathname + seen.search;
  if (!trustsForwarded) return url;
  const last = (name: string) => header(name)?.split(",").at(-1)?.trim() ?? "";
  const [scheme, host] = [last("x-forwarded-proto").toLowerCase(), last("x-forwarded-host")];
  const base = `${/^https?$/u.test(scheme) ? `${scheme}:` : seen.protocol}//${hostPattern.test(host) ? host : seen.host}`;
  return URL.canParse(base) ? base + seen.pathname + seen.search : url;
}
