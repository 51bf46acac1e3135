import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { ok, type Result } from "../../shared/result.ts";

/**
 * `Cache-Control: no-cache` or `no-store` on a request asks for new pictures, as `reuse: "fresh"` in its body does. An
 * explicit seed stays exact: what it gives now is what it gave before, so nothing newer could be made.
 */
export function withCacheControl<Reason>(
  request: Result<CreateImageRequest, Reason>,
  cacheControl: string | undefined,
): Result<CreateImageRequest, Reason> {
  const directives = (cacheControl ?? "").split(",").map((directive) => directive.trim().toLowerCase());
  const isFresh = directives.includes("no-cache") || directives.includes("no-store");
  return request.ok && isFresh ? ok({ ...request.value, reuse: "fresh" }) : request;
}
