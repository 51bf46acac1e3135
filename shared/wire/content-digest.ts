/**
 * Header of a request's SHA-256, by RFC 9530 (Digest Fields). It is signed, so a body need not be read to be trusted.
 */
export const contentDigestHeader = "content-digest";

/** 32 bytes in base64. */
const sha256Pattern = /^sha-256=:([A-Za-z0-9+/]{43}=):$/u;

/** A SHA-256 (32 bytes) as the header's value. */
export function formatContentDigest(sha256: Uint8Array): string {
  return `sha-256=:${btoa(String.fromCharCode(...sha256))}:`;
}

/** The SHA-256 in a header that `formatContentDigest` wrote; undefined for anything else, other algorithms included. */
export function parseContentDigest(header: string | null | undefined): Uint8Array<ArrayBuffer> | undefined {
  const [, base64] = sha256Pattern.exec(header ?? "") ?? [];
  return base64 === undefined ? undefined : Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
