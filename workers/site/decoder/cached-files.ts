import { toHex } from "../../../shared/hex.ts";
import { DecoderError, fetchFile } from "./decoder-error.ts";

/** Where files are kept on this device, under addresses that hold their digests. */
const cacheName = "decoder-files";

/** Told of every piece that comes, in bytes. */
export type OnBytes = (bytes: number) => void;

/**
 * A file of this site by its SHA-256, from this device's cache if it is there. Throws `DecoderError` when it cannot be
 * had or is not the one that was meant; such a file is not kept.
 */
export async function fileByDigest(url: string, sha256: string, onBytes: OnBytes): Promise<Uint8Array<ArrayBuffer>> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url);
  const response = kept ?? (await fetchFile(url, "decoder_outdated"));
  const bytes = await readAll(response, onBytes);
  if (toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) !== sha256) {
    await cache.delete(url);
    throw new DecoderError("decoder_outdated");
  }
  if (kept === undefined) await cache.put(url, new Response(bytes));
  return bytes;
}

/** The bytes of an answer, told as they come. */
export async function readAll(response: Response, onBytes: OnBytes): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
    pieces.push(piece.value);
    onBytes(piece.value.length);
  }
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
