import { AppError } from "./errors.ts";
import { secretCharactersMin } from "./limits.ts";

/** HMAC-SHA-256 of a text's UTF-8 bytes: 32 bytes. Throws `AppError` on a secret too short to protect anything. */
export async function hmacSha256(secret: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await importSecret(secret);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
}

/** Whether `signature` is `hmacSha256(secret, text)`, compared in constant time. Throws as `hmacSha256` does. */
export async function verifyHmacSha256(secret: string, text: string, signature: Uint8Array): Promise<boolean> {
  const key = await importSecret(secret);
  return crypto.subtle.verify("HMAC", key, signature, new TextEncoder().encode(text));
}

/** SHA-256 of some bytes: 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** A process has a handful of secrets, and importing one costs as much as signing with it. */
const importedMax = 16;
const imported = new Map<string, Promise<PlatformKey>>();

function importSecret(secret: string): Promise<PlatformKey> {
  const known = imported.get(secret);
  if (known !== undefined) return known;
  const key = importKey(secret);
  if (imported.size >= importedMax) imported.clear();
  imported.set(secret, key);
  return key;
}

function importKey(secret: string): Promise<PlatformKey> {
  if (secret.length < secretCharactersMin) {
    throw new AppError(`A secret is ${secret.length} characters long; at least ${secretCharactersMin} are needed.`);
  }
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}
