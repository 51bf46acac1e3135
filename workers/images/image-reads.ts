import { edgeUrlOf } from "../edge/edge-entry.ts";
import { imageKeyPrefix } from "./image-cache.ts";

/**
 * The answer of the entrypoint behind Workers Cache: the picture that this data centre holds, which the upper tiers may
 * cache for all, or 404, which they may not. It serves only pictures; their access was checked before.
 * Source: https://developers.cloudflare.com/workers/cache/
 */
export async function answerImageRead(edge: Pick<Cache, "match">, request: Request): Promise<Response> {
  const isPicture = request.url.startsWith(edgeUrlOf(imageKeyPrefix));
  const hit = request.method === "GET" && isPicture ? await edge.match(request.url) : undefined;
  return hit ?? new Response(null, { status: 404, headers: { "cache-control": "no-store" } });
}
