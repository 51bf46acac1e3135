import { fromHex, toHex } from "../hex.ts";
import { hmacSha256, sha256, verifyHmacSha256 } from "../hmac.ts";
import { signatureAgeSecondsMax } from "../limits.ts";
import { err, ok, type Result } from "../result.ts";
import type { ReplayGuard } from "./replay-guard.ts";

/** The headers that carry a request's signature. */
export const signatureHeaders = {
  timestamp: "x-wuerstchen-timestamp",
  nonce: "x-wuerstchen-nonce",
  signature: "x-wuerstchen-signature",
} as const;

/** The parts of a request that its signature covers. */
export interface SignedRequest {
  /** Upper case. */
  readonly method: string;
  /** "/path?query" exactly as sent. */
  readonly target: string;
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

/** Why a request is refused. For our logs only: a client is told no more than `invalid_signature`. */
export type SignatureFault = "missing" | "malformed" | "stale" | "mismatch" | "replayed";

/** The three headers that make `request` acceptable to `verifyRequest`. Throws `AppError` on a short secret. */
export async function signRequest(
  secret: string,
  request: SignedRequest,
  stamp: SignatureStamp,
): Promise<Record<(typeof signatureHeaders)[keyof typeof signatureHeaders], string>> {
  const signature = await hmacSha256(secret, await signedText(request, String(stamp.timestampSeconds), stamp.nonce));
  return {
    [signatureHeaders.timestamp]: String(stamp.timestampSeconds),
    [signatureHeaders.nonce]: stamp.nonce,
    [signatureHeaders.signature]: toHex(signature),
  };
}

/** What `verifyRequest` needs beside the request: its headers, the time, and the nonces seen so far. */
export interface VerifyContext {
  /** A header's value by its lower-case name. */
  readonly header: (name: string) => string | null | undefined;
  /** Unix seconds. */
  readonly nowSeconds: number;
  readonly replayGuard: ReplayGuard;
}

/**
 * Whether this very request was signed with the secret, not longer ago than the limit, and is seen for the first time.
 * Compares in constant time. A nonce is remembered only after its signature held, so that only who knows the secret
 * can fill the guard.
 */
export async function verifyRequest(
  secret: string,
  request: SignedRequest,
  { header, nowSeconds, replayGuard }: VerifyContext,
): Promise<Result<undefined, SignatureFault>> {
  const timestamp = header(signatureHeaders.timestamp);
  const nonce = header(signatureHeaders.nonce);
  const signatureText = header(signatureHeaders.signature);
  if (!timestamp || !nonce || !signatureText) return err("missing");
  const signature = signatureText.length === 64 ? fromHex(signatureText) : undefined;
  if (signature === undefined || !/^\d{1,12}$/u.test(timestamp) || !/^[\w-]{16,64}$/u.test(nonce))
    return err("malformed");
  if (Math.abs(nowSeconds - Number(timestamp)) > signatureAgeSecondsMax) return err("stale");
  const text = await signedText(request, timestamp, nonce);
  if (!(await verifyHmacSha256(secret, text, signature))) return err("mismatch");
  const expiresSeconds = Number(timestamp) + signatureAgeSecondsMax;
  return replayGuard.remember(nonce, expiresSeconds) ? ok(undefined) : err("replayed");
}

/** No part can hold a line break (a target is percent-encoded), so no two requests give the same text. */
async function signedText({ method, target, body }: SignedRequest, timestamp: string, nonce: string): Promise<string> {
  return ["v1", method, target, timestamp, nonce, toHex(await sha256(body))].join("\n");
}
