import { edgeUrlOf } from "../edge/edge-entry.ts";
import { imageKeyPrefix } from "./image-cache.ts";

/**
 * What the entrypoint behind Workers Cache answers: the picture that this data centre holds, which the tiers above may
 * then keep for all, or 404, which they may not. It gives pictures alone; whoever may see one was decided before.
 * Source: https://developers.cloudflare.com/workers/cache/
 */
export async function answerImageRead(edge: Pick<Cache, "match">, request: Request): Promise<Response> {
  const isPicture = request.url.startsWith(edgeUrlOf(imageKeyPrefix));
  const hit = request.method === "GET" && isPicture ? await edge.match(request.url) : undefined;
  return hit ?? new Response(null, { status: 404, headers: { "cache-control": "no-store" } });
}
