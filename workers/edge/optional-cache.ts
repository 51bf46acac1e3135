/** What is used of the Cache API. */
type EdgeCache = Pick<Cache, "match" | "put" | "delete">;

/**
 * A cache that a request does not depend on: what cannot be read is not there, and what cannot be kept is made again.
 * `delete` fails as ever, since a copy that stays must not be called deleted.
 */
export function optionalCache(cache: EdgeCache, log: (entry: Readonly<Record<string, string>>) => void): EdgeCache {
  return {
    async match(request, options) {
      try {
        return await cache.match(request, options);
      } catch {
        log({ event: "edge_cache_failed", call: "match" });
        return undefined;
      }
    },
    async put(request, response) {
      try {
        await cache.put(request, response);
      } catch {
        log({ event: "edge_cache_failed", call: "put" });
      }
    },
    delete: (request, options) => cache.delete(request, options),
  };
}
