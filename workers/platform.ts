import { exports } from "cloudflare:workers";
import type { ImageReads } from "./images/image-cache.ts";
import type { Log } from "./middleware/app-env.ts";
import { builtInBundle } from "./models/bundle.ts";
import type { Platform } from "./services.ts";

// biome-ignore lint/suspicious/noConsole: the one way to the log, which on Workers is the console.
export const log: Log = (entry) => console.log(JSON.stringify(entry));

// The main module's exports, which imports this one: their type would go round in a circle.
const entrypoints = exports as { readonly ImageReadsEntrypoint: ImageReads };

/** The outer world as Workers gives it. */
export function platform(): Platform {
  return {
    fetch: (url, init) => fetch(url, init),
    edge: caches.default,
    imageReads: { fetch: (url) => entrypoints.ImageReadsEntrypoint.fetch(url) },
    nowMs: () => Date.now(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    log,
    bundle: builtInBundle,
  };
}
