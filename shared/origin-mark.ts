import { fromHex, toHex } from "./hex.ts";
import { hmacSha256, sha256, verifyHmacSha256 } from "./hmac.ts";
import { findPngChunk, type PngChunk, pngChecksum } from "./png-chunk.ts";

// A picture file carries in its XMP packet 64 hexadecimal digits, a MAC over every other byte of the file. Only in a
// PNG there are four bytes more that it cannot cover: the checksum of the chunk that holds it, which follows from the
// rest.

/** What stands right before the digits, as an attribute of the XMP packet; right behind them is a quotation mark. */
const beforeDigits = 'we:originMark="';
const digitCount = 64;

/** The attribute as a file has it before it is marked. */
export const blankOriginMark = `${beforeDigits}${"0".repeat(digitCount)}"`;

/** "altered": it has a mark, which is not that of its bytes. "unmarked": it has none. */
export const origins = ["ours", "altered", "unmarked"] as const;

/** Whether a file came from here as it is. */
export type Origin = (typeof origins)[number];

/** The key of marks, which opens nothing else: 64 characters, from the secret that edge and backend share. */
export async function originMarkKey(secret: string): Promise<string> {
  return toHex(await hmacSha256(secret, "origin mark v1"));
}

/** Writes the mark into a file that holds `blankOriginMark`, in place; a file without is left as it is. */
export async function markOrigin(file: Uint8Array, key: string): Promise<void> {
  const place = findMark(file);
  if (place === undefined) return;
  const digits = toHex(await hmacSha256(key, await coveredText(file, place)));
  file.set(new TextEncoder().encode(digits), place.at);
  if (place.chunk !== undefined) {
    new DataView(file.buffer, file.byteOffset).setUint32(place.chunk.checksumAt, pngChecksum(file, place.chunk));
  }
}

/** Whether the file carries the mark that it would get with one of these keys. Costs about one SHA-256 of the file. */
export async function originOf(file: Uint8Array, keys: readonly string[]): Promise<Origin> {
  const place = findMark(file);
  if (place === undefined) return "unmarked";
  const digits = String.fromCharCode(...file.subarray(place.at, place.at + digitCount));
  const mark = /^[0-9a-f]{64}$/u.test(digits) ? fromHex(digits) : undefined;
  if (mark === undefined) return "altered";
  const text = await coveredText(file, place);
  const held = await Promise.all(keys.map((key) => verifyHmacSha256(key, text, mark)));
  return held.includes(true) && hasRightChecksum(file, place) ? "ours" : "altered";
}

interface MarkPlace {
  /** Of the first digit. */
  readonly at: number;
  /** In a PNG, the chunk that it is in. */
  readonly chunk: PngChunk | undefined;
}

/** The first mark counts: one that was inserted before ours is wrong, and ours covers one behind it. */
function findMark(file: Uint8Array): MarkPlace | undefined {
  const start = indexOf(file, new TextEncoder().encode(beforeDigits));
  if (start === undefined) return undefined;
  const at = start + beforeDigits.length;
  const chunk = findPngChunk(file, ({ start: from, checksumAt }) => from < at && at + digitCount <= checksumAt);
  return { at, chunk };
}

function indexOf(file: Uint8Array, wanted: Uint8Array): number | undefined {
  const [first = 0] = wanted;
  for (let at = file.indexOf(first); at >= 0; at = file.indexOf(first, at + 1)) {
    if (wanted.every((byte, i) => file[at + i] === byte)) return at;
  }
  return undefined;
}

/** Everything but the digits and their chunk's checksum. No two files with equal digits give the same text. */
async function coveredText(file: Uint8Array, { at, chunk }: MarkPlace): Promise<string> {
  const behind = at + digitCount;
  const parts =
    chunk === undefined
      ? [file.subarray(0, at), file.subarray(behind)]
      : [file.subarray(0, at), file.subarray(behind, chunk.checksumAt), file.subarray(chunk.end)];
  const digests = await Promise.all(parts.map((part) => sha256(part)));
  return digests.map(toHex).join("\n");
}

/** Asked only of a file whose mark holds, so that no stranger's chunk of many megabytes is summed. */
function hasRightChecksum(file: Uint8Array, { chunk }: MarkPlace): boolean {
  if (chunk === undefined) return true;
  const written = new DataView(file.buffer, file.byteOffset).getUint32(chunk.checksumAt);
  return written === pngChecksum(file, chunk);
}
