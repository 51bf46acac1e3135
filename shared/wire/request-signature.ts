import { fromHex, toHex } from "../hex.ts";
import { hmacSha256, sha256, verifyHmacSha256 } from "../hmac.ts";
import { signatureAgeSecondsMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import { contentDigestHeader, formatContentDigest, parseContentDigest } from "./content-digest.ts";
import type { ReplayGuard } from "./replay-guard.ts";

/** The headers that carry a request's signature, beside the digest of its body. */
export const signatureHeaders = {
  timestamp: "x-wuerstchen-timestamp",
  nonce: "x-wuerstchen-nonce",
  signature: "x-wuerstchen-signature",
  digest: contentDigestHeader,
} as const;

/** The parts of a request that its signature covers, but for its body. */
export interface SignedHead {
  /** Upper case. */
  readonly method: string;
  /** "/path?query" exactly as sent. */
  readonly target: string;
}

/** The parts of a request that its signature covers. */
export interface SignedRequest extends SignedHead {
  /** Empty for a request without a body. */
  readonly body: Uint8Array;
}

/** What makes one signature unlike every other. */
export interface SignatureStamp {
  /** Unix seconds, whole. */
  readonly timestampSeconds: number;
  /** 16…64 characters of A–Z a–z 0–9 _ -, never used twice. Randomness is the caller's, so that this stays pure. */
  readonly nonce: string;
}

/**
 * Why a request is refused. For our logs: a client is told `invalid_signature`, and only of "guard-full", which is no
 * fault of the request, that it may come again.
 */
export type SignatureFault = "missing" | "malformed" | "stale" | "mismatch" | "replayed" | "guard-full";

/** The headers that make `request` acceptable to `verifyHead`. Throws `AppError` on a short secret. */
export async function signRequest(
  secret: string,
  request: SignedRequest,
  stamp: SignatureStamp,
): Promise<Record<(typeof signatureHeaders)[keyof typeof signatureHeaders], string>> {
  const digest = await sha256(request.body);
  const text = signedText(request, { digest, timestamp: String(stamp.timestampSeconds), nonce: stamp.nonce });
  return {
    [signatureHeaders.timestamp]: String(stamp.timestampSeconds),
    [signatureHeaders.nonce]: stamp.nonce,
    [signatureHeaders.signature]: toHex(await hmacSha256(secret, text)),
    [signatureHeaders.digest]: formatContentDigest(digest),
  };
}

/** What `verifyHead` needs beside the request: its headers, the time, and the nonces seen so far. */
export interface VerifyContext {
  /** A header's value by its lower-case name. */
  readonly header: (name: string) => string | null | undefined;
  /** Unix seconds. */
  readonly nowSeconds: number;
  readonly replayGuard: ReplayGuard;
}

/**
 * Whether this request was signed with one of the secrets, not longer ago than the limit, and is seen for the first
 * time. Needs no byte of the body: gives the SHA-256 that the body must have (`hasDigest`). Compares in constant time.
 * A nonce is remembered only after its signature held, so that only who knows a secret can fill the guard.
 */
export async function verifyHead(
  secrets: readonly string[],
  head: SignedHead,
  { header, nowSeconds, replayGuard }: VerifyContext,
): Promise<Result<Uint8Array<ArrayBuffer>, SignatureFault>> {
  const claim = readClaim(header);
  if (!claim.ok) return claim;
  const { timestamp, nonce, digest, signature } = claim.value;
  if (Math.abs(nowSeconds - Number(timestamp)) > signatureAgeSecondsMax) return err("stale");
  if (!(await isSignedWithAny(secrets, signedText(head, claim.value), signature))) return err("mismatch");
  const verdict = replayGuard.remember(nonce, Number(timestamp) + signatureAgeSecondsMax);
  if (verdict === "new") return ok(digest);
  return err(verdict === "seen" ? "replayed" : "guard-full");
}

/** Whether a body has the signed SHA-256. Not in constant time: the sender knows both. */
export async function hasDigest(body: Uint8Array, digest: Uint8Array): Promise<boolean> {
  return toHex(await sha256(body)) === toHex(digest);
}

interface SignedParts {
  readonly timestamp: string;
  readonly nonce: string;
  /** SHA-256 of the body. */
  readonly digest: Uint8Array<ArrayBuffer>;
}

interface Claim extends SignedParts {
  readonly signature: Uint8Array;
}

function readClaim(header: VerifyContext["header"]): Result<Claim, SignatureFault> {
  const timestamp = header(signatureHeaders.timestamp);
  const nonce = header(signatureHeaders.nonce);
  const signatureText = header(signatureHeaders.signature);
  const digestText = header(signatureHeaders.digest);
  if (!timestamp || !nonce || !signatureText || !digestText) return err("missing");
  const signature = signatureText.length === 64 ? fromHex(signatureText) : undefined;
  const digest = parseContentDigest(digestText);
  const isWellFormed = /^\d{1,12}$/u.test(timestamp) && /^[\w-]{16,64}$/u.test(nonce);
  if (signature === undefined || digest === undefined || !isWellFormed) return err("malformed");
  return ok({ timestamp, nonce, signature, digest });
}

async function isSignedWithAny(secrets: readonly string[], text: string, signature: Uint8Array): Promise<boolean> {
  for (const secret of secrets) if (await verifyHmacSha256(secret, text, signature)) return true;
  return false;
}

/** No part can hold a line break (a target is percent-encoded), so no two requests give the same text. */
function signedText({ method, target }: SignedHead, { timestamp, nonce, digest }: SignedParts): string {
  return ["v1", method, target, timestamp, nonce, toHex(digest)].join("\n");
}
