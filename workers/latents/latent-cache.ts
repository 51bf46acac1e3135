import { latentFileBytesMax } from "../../shared/limits.ts";
import { latentContentType } from "../../shared/wire/decode.ts";
import { edgeEntry, edgeUrlOf } from "../edge/edge-entry.ts";

/** The form of stored latents; a new one gets new keys. */
const keyPrefix = "latent/v1/";

/** A latent that its owner deletes is gone everywhere after so long; the store is asked again as rarely. */
const edgeSeconds = 3_600;

const ownerHeader = "x-wuerstchen-account";
const madeHeader = "x-wuerstchen-made";

/** A stored latent: one float16 safetensors file, and the account it was made for. */
export interface StoredLatent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly account: string;
  /** When it was stored, Unix milliseconds. */
  readonly madeMs: number;
}

/** Latents by id. */
export interface LatentCache {
  /** From the edge's cache, else from the store (and then into the edge's cache); undefined when in neither. */
  find(id: string): Promise<StoredLatent | undefined>;
  /** Writes the store, then this edge's cache. Rejects if the store failed. */
  put(id: string, latent: Omit<StoredLatent, "madeMs">): Promise<void>;
  /** As `put`, if the latent is not stored yet: true for one of several concurrent calls, false for the others. */
  putFirst(id: string, latent: Omit<StoredLatent, "madeMs">): Promise<boolean>;
  /** Deletes it from the store and from this edge's cache; other edges may hold a copy until it expires. */
  delete(id: string): Promise<void>;
}

/** The stores of latents: R2, and in front of it the Cache API per data centre. */
export interface LatentCacheOptions {
  readonly bucket: Pick<R2Bucket, "get" | "put" | "delete">;
  readonly edge: Pick<Cache, "match" | "put" | "delete">;
}

/**
 * Latents in R2 behind the Cache API. The account stands in the object's metadata and not in its key, because a signed
 * image link knows a latent's id alone; ids of different accounts differ anyway, being keyed by cache scope.
 */
export function createLatentCache({ bucket, edge }: LatentCacheOptions): LatentCache {
  async function keepAtEdge(id: string, { bytes, account, madeMs }: StoredLatent): Promise<void> {
    const headers = { "content-type": latentContentType, [ownerHeader]: account, [madeHeader]: String(madeMs) };
    await edge.put(edgeUrl(id), edgeEntry(bytes, headers, edgeSeconds));
  }

  return {
    async find(id) {
      const hit = await edge.match(edgeUrl(id));
      if (hit !== undefined) return readEdgeCopy(hit);
      const object = await bucket.get(storeKey(id));
      if (object === null) return undefined;
      const account = object.customMetadata?.["account"];
      // A latent without an owner, or larger than any of ours, is not one that this service wrote.
      if (account === undefined || object.size > latentFileBytesMax) return undefined;
      const latent = { bytes: new Uint8Array(await object.arrayBuffer()), account, madeMs: object.uploaded.getTime() };
      await keepAtEdge(id, latent);
      return latent;
    },

    async put(id, latent) {
      const stored = await bucket.put(storeKey(id), latent.bytes, storedAs(latent));
      await keepAtEdge(id, { ...latent, madeMs: stored.uploaded.getTime() });
    },

    async putFirst(id, latent) {
      const onlyIf = { etagDoesNotMatch: "*" };
      const stored = await bucket.put(storeKey(id), latent.bytes, { ...storedAs(latent), onlyIf });
      if (stored !== null) await keepAtEdge(id, { ...latent, madeMs: stored.uploaded.getTime() });
      return stored !== null;
    },

    async delete(id) {
      await bucket.delete(storeKey(id));
      await edge.delete(edgeUrl(id));
    },
  };
}

function storedAs({ account }: Pick<StoredLatent, "account">) {
  return { httpMetadata: { contentType: latentContentType }, customMetadata: { account } };
}

/** The R2 key of a latent. */
export function storeKey(id: string): string {
  return `${keyPrefix}${id}.safetensors`;
}

/** The Cache API key of a latent. */
export function edgeUrl(id: string): string {
  return edgeUrlOf(`${keyPrefix}${id}`);
}

async function readEdgeCopy(response: Response): Promise<StoredLatent | undefined> {
  const account = response.headers.get(ownerHeader);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const madeMs = Number(response.headers.get(madeHeader));
  return account === null ? undefined : { bytes, account, madeMs };
}
