import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { ok, type Result } from "../../shared/result.ts";

/**
 * `Cache-Control: no-cache` or `no-store` on a request asks for new pictures, as `reuse: "fresh"` in its body does, and
 * so does Hugging Face's `x-use-cache: false`. An explicit seed stays exact: what it gives now is what it gave before,
 * so nothing newer could be made.
 */
export function withCacheControl<Reason>(
  request: Result<CreateImageRequest, Reason>,
  header: (name: string) => string | undefined,
): Result<CreateImageRequest, Reason> {
  const directives = (header("cache-control") ?? "").split(",").map((directive) => directive.trim().toLowerCase());
  const usesCache = !["false", "0"].includes((header("x-use-cache") ?? "").trim().toLowerCase());
  const isFresh = directives.includes("no-cache") || directives.includes("no-store") || !usesCache;
  return request.ok && isFresh ? ok({ ...request.value, reuse: "fresh" }) : request;
}
