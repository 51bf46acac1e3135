import { z } from "zod";
import { type RequestDefaults, requestDefaultsSchema } from "../../shared/api/request-defaults.ts";
import { hasApiKeyForm, hashApiKey, isWellFormedApiKey } from "./api-key.ts";

/** KV's own minimum. Whether a key works is asked of its account each time, so an old answer here opens nothing. */
const recordCacheSeconds = 60;

/** Keys of which an isolate remembers whose they are; then all are forgotten. */
const rememberedMax = 1_024;

/** Lower case, so that no two accounts look alike; it becomes part of metadata, headers and logs. */
const accountSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u);

/**
 * A key's defaults and models never change, so its record may hold them; the defaults of an account have a record of
 * their own. No request asks the account first to be read.
 */
const recordSchema = z.object({
  account: accountSchema,
  defaults: requestDefaultsSchema.optional().catch(undefined),
  models: z.array(z.string()).optional(),
});

type KeyRecord = z.infer<typeof recordSchema>;

/** A presented key and the account that it names. */
export interface ShownKey {
  readonly account: string;
  /** SHA-256 of the key, in hexadecimal. */
  readonly sha256: string;
  /** What its requests mean where they say nothing: the key's own defaults before those of its account. */
  readonly defaults?: RequestDefaults | undefined;
  /** The ids of the models that it may use; undefined: all. */
  readonly models?: readonly string[] | undefined;
}

/** Tells whose a key is: where to ask whether it works, and no more than that. */
export interface KeyDirectory {
  /** Undefined for what is no key. */
  find(key: string): Promise<ShownKey | undefined>;
  /** The account of the key with this hash; undefined if there is none. */
  accountOf(sha256: string): Promise<string | undefined>;
  /** Enters a key with defaults of its own. */
  put(shown: ShownKey): Promise<void>;
  /** Sets what requests of an account's keys mean; known everywhere after a minute. */
  putDefaults(account: string, defaults: RequestDefaults | undefined): Promise<void>;
  remove(sha256: string): Promise<void>;
}

/** What the directory needs of a KV namespace. */
export type KeyNamespace = Pick<KVNamespace, "get" | "put" | "delete">;

/**
 * Keys in Workers KV, as hashes only. Nothing is compared with a stored secret: a key is hashed and its hash looked up,
 * so the time of an answer reveals nothing about any stored key. An isolate remembers for a minute whose a hash is, and
 * nothing of a key that it did not find.
 */
export function createKeyDirectory(namespace: KeyNamespace, nowMs: () => number): KeyDirectory {
  const remembered = new Map<string, { readonly record: KeyRecord; readonly untilMs: number }>();

  async function recordOf(sha256: string): Promise<KeyRecord | undefined> {
    const text = await namespace.get(directoryKey(sha256), { type: "text", cacheTtl: recordCacheSeconds });
    return text === null ? undefined : recordSchema.safeParse(parseJson(text)).data;
  }

  async function withAccountDefaults(record: KeyRecord): Promise<KeyRecord> {
    const name = accountDefaultsKey(record.account);
    const text = await namespace.get(name, { type: "text", cacheTtl: recordCacheSeconds });
    const ofAccount = text === null ? undefined : requestDefaultsSchema.safeParse(parseJson(text)).data;
    return ofAccount === undefined ? record : { ...record, defaults: { ...ofAccount, ...record.defaults } };
  }

  function remember(sha256: string, record: KeyRecord): void {
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(sha256, { record, untilMs: nowMs() + recordCacheSeconds * 1_000 });
  }

  return {
    accountOf: async (sha256) => (await recordOf(sha256))?.account,
    async find(key) {
      if (!hasApiKeyForm(key)) return undefined;
      const sha256 = await hashApiKey(key);
      const known = remembered.get(sha256);
      if (known !== undefined && nowMs() < known.untilMs) return { ...known.record, sha256 };
      if (!(await isWellFormedApiKey(key))) return undefined;
      const found = await recordOf(sha256);
      if (found === undefined) return undefined;
      const record = await withAccountDefaults(found);
      remember(sha256, record);
      return { ...record, sha256 };
    },
    async put({ account, sha256, defaults, models }) {
      remembered.delete(sha256);
      await namespace.put(directoryKey(sha256), JSON.stringify({ account, defaults, models }));
    },
    async putDefaults(account, defaults) {
      remembered.clear();
      const name = accountDefaultsKey(account);
      await (defaults === undefined ? namespace.delete(name) : namespace.put(name, JSON.stringify(defaults)));
    },
    async remove(sha256) {
      remembered.delete(sha256);
      await namespace.delete(directoryKey(sha256));
    },
  };
}

/** The KV key under which a key's account stands. */
export function directoryKey(sha256: string): string {
  return `api-key:v2:${sha256}`;
}

function accountDefaultsKey(account: string): string {
  return `account-defaults:v1:${account}`;
}

/** Whether a text can be an account's id: 1…64 characters of a–z 0–9 . _ - beginning with a letter or digit. */
export function isAccountId(text: string): boolean {
  return accountSchema.safeParse(text).success;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A record that was damaged by hand counts as missing.
    return undefined;
  }
}
