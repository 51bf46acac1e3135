import { z } from "zod";

/** Lower case, so that no two accounts look alike; it becomes part of metadata, headers and logs. */
const accountSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/u);

const recordSchema = z.object({
  account: accountSchema,
  /** What the key is called, for its owner. */
  name: z.string().max(128),
  /** ISO 8601 */
  created: z.iso.datetime(),
});

/** What is stored about a key, under the key's hash. */
export type ApiKeyRecord = z.infer<typeof recordSchema>;

/** The KV key of a key's record. */
export function apiKeyRecordKey(hash: string): string {
  return `api-key:v1:${hash}`;
}

/** Whether a text can be an account's id: 1…64 characters of a–z 0–9 . _ - beginning with a letter or digit. */
export function isAccountId(text: string): boolean {
  return accountSchema.safeParse(text).success;
}

/** Reads a stored record; undefined when it is not one. */
export function parseApiKeyRecord(json: unknown): ApiKeyRecord | undefined {
  return recordSchema.safeParse(json).data;
}
