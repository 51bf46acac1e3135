import { type DecodeOptions, variantQuery } from "../../shared/decode-options.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { imageContentType } from "../../shared/output-format.ts";
import { edgeEntry, edgeUrlOf } from "../edge/edge-entry.ts";

/** The form of cached pictures; a new one gets new keys. */
export const imageKeyPrefix = "image/v1/";

/** A picture file. */
export interface CachedImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A strong entity tag, quotes included: decided by the bytes alone. */
  readonly etag: string;
}

/** A picture file on its way out of the cache: it goes to the client without passing through our memory. */
export interface StreamedImage {
  readonly body: ReadableStream<Uint8Array>;
  readonly length: string;
  readonly etag: string;
}

/** Pictures at this edge, by the latent they show and how they are encoded. */
export interface ImageCache {
  stream(latentId: string, options: DecodeOptions): Promise<StreamedImage | undefined>;
  find(latentId: string, options: DecodeOptions): Promise<CachedImage | undefined>;
  /** Keeps a picture and returns it with its tag. */
  put(latentId: string, options: DecodeOptions, bytes: Uint8Array<ArrayBuffer>): Promise<CachedImage>;
}

/** Asks for a cached response by its URL, as a service binding or an entrypoint of this Worker does. */
export interface ImageReads {
  fetch(url: string): Promise<Response>;
}

/**
 * Pictures in the Cache API of the data centre that the request reached. A dropped one comes back from its latent. With
 * `reads`, they are looked up through Workers Cache, whose tiers hold what other data centres have shown, too.
 */
export function createImageCache(edge: Pick<Cache, "match" | "put">, reads?: ImageReads): ImageCache {
  async function lookUp(url: string): Promise<Response | undefined> {
    if (reads === undefined) return edge.match(url);
    const answer = await reads.fetch(url);
    return answer.status === 200 ? answer : undefined;
  }

  return {
    async stream(latentId, options) {
      const hit = await lookUp(imageEdgeUrl(latentId, options));
      const etag = hit?.headers.get("etag");
      const length = hit?.headers.get("content-length");
      if (!hit?.body || !etag || !length) return undefined;
      return { body: hit.body, length, etag };
    },

    async find(latentId, options) {
      const hit = await lookUp(imageEdgeUrl(latentId, options));
      const etag = hit?.headers.get("etag");
      if (hit === undefined || !etag) return undefined;
      return { bytes: new Uint8Array(await hit.arrayBuffer()), etag };
    },

    async put(latentId, options, bytes) {
      const etag = `"${toHex(await sha256(bytes))}"`;
      const headers = {
        "content-type": imageContentType(options.format),
        "content-length": String(bytes.length),
        etag,
      };
      const entry = edgeEntry(bytes, headers);
      await edge.put(imageEdgeUrl(latentId, options), entry);
      return { bytes, etag };
    },
  };
}

/** The Cache API key of a picture. */
export function imageEdgeUrl(latentId: string, options: DecodeOptions): string {
  return edgeUrlOf(`${imageKeyPrefix}${latentId}.${options.format}?${variantQuery(options)}`);
}
