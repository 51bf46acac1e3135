import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";

// A key is "we_", 22 base62 digits of 128 random bits, and 6 base62 digits of checksum. The prefix lets secret scanners
// find leaked keys; the checksum lets us refuse a mistyped or invented one without a look-up.

const prefix = "we_";
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomDigits = 22;
const checksumDigits = 6;
const pattern = new RegExp(`^${prefix}[0-9A-Za-z]{${randomDigits + checksumDigits}}$`, "u");

/** The random bytes in a key: 128 bits, beyond any guessing. */
export const apiKeyRandomBytes = 16;

/** The key made of these random bytes, of which there must be `apiKeyRandomBytes`. */
export async function formatApiKey(random: Uint8Array): Promise<string> {
  const body = `${prefix}${toBase62(random, randomDigits)}`;
  return `${body}${await checksumOf(body)}`;
}

/** Whether a text looks like a key. Its checksum may not hold: see `isWellFormedApiKey`. */
export function hasApiKeyForm(text: string): boolean {
  return pattern.test(text);
}

/** Whether a text has the form of a key and its checksum holds. Says nothing about whether the key exists. */
export async function isWellFormedApiKey(text: string): Promise<boolean> {
  if (!hasApiKeyForm(text)) return false;
  const body = text.slice(0, -checksumDigits);
  return text.slice(-checksumDigits) === (await checksumOf(body));
}

/** What is stored in place of a key: its SHA-256 in hexadecimal. With 128 random bits, no salt is needed. */
export async function hashApiKey(key: string): Promise<string> {
  return toHex(await sha256(new TextEncoder().encode(key)));
}

async function checksumOf(body: string): Promise<string> {
  const digest = await sha256(new TextEncoder().encode(body));
  return toBase62(digest.subarray(0, 4), checksumDigits);
}

/** Big-endian, filled up with zeros on the left. `digits` must suffice for the bytes. */
function toBase62(bytes: Uint8Array, digits: number): string {
  let value = BigInt(`0x${toHex(bytes)}`);
  let text = "";
  for (let i = 0; i < digits; i += 1) {
    text = `${alphabet[Number(value % 62n)]}${text}`;
    value /= 62n;
  }
  return text;
}
