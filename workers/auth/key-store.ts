import { hashApiKey, isWellFormedApiKey } from "./api-key.ts";
import { type ApiKeyRecord, apiKeyRecordKey, parseApiKeyRecord } from "./api-key-record.ts";

/** KV's own minimum. A revoked key works for as long again at most, and a look-up costs no round trip meanwhile. */
const recordCacheSeconds = 60;

/** Knows which API keys exist. */
export interface KeyStore {
  /** The record of a key; undefined when there is no such key. */
  find(key: string): Promise<ApiKeyRecord | undefined>;
}

/** What the store needs of a KV namespace. */
export type KeyNamespace = Pick<KVNamespace, "get">;

/**
 * Keys in Workers KV, as hashes only. Nothing is compared with a stored secret: a key is hashed and its hash looked up,
 * so how long an answer takes tells nothing about any stored key.
 */
export function createKeyStore(namespace: KeyNamespace): KeyStore {
  return {
    async find(key) {
      if (!(await isWellFormedApiKey(key))) return undefined;
      const recordKey = apiKeyRecordKey(await hashApiKey(key));
      const text = await namespace.get(recordKey, { type: "text", cacheTtl: recordCacheSeconds });
      return text === null ? undefined : parseApiKeyRecord(parseJson(text));
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A record that somebody damaged by hand is no record.
    return undefined;
  }
}
