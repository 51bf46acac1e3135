/**
 * The Cache API wants URLs. The host is reserved and never resolves, so an entry is reached only by code that names its
 * key, after a signature or an API key was checked, whatever host the service answers on.
 */
const edgeOrigin = "https://edge-cache.invalid/";

/** A year, the longest that caches honour: what we keep is addressed by its content, so it never becomes stale. */
const keptForGoodSeconds = 31_536_000;

/** The Cache API's URL for a key such as "latent/v1/…". */
export function edgeUrlOf(key: string): string {
  return `${edgeOrigin}${key}`;
}

/** What the Cache API takes for bytes that never change; it may still drop them at any time. */
export function edgeEntry(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
  seconds = keptForGoodSeconds,
): Response {
  return new Response(bytes, { headers: { ...headers, "cache-control": `public, max-age=${seconds}, immutable` } });
}
