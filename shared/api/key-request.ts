import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { grantMicroUsdMax, keyModelsMax, requestsPerMinuteMax, rotationOverlapSecondsMax } from "../limits.ts";
import { canonicalModelName, modelIdCharactersMax } from "../models/model-name.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { defaultKeyScopes, type KeyScope, keyScopeSchema } from "./key-scopes.ts";
import { type RequestDefaults, requestDefaultsSchema } from "./request-defaults.ts";

/** The body of `POST /v1/admin/accounts/{account}/keys`. */
export const keyBodySchema = z.strictObject({
  name: z.string().max(128).default(""),
  scopes: z.array(keyScopeSchema).min(1).max(keyScopeSchema.options.length).optional(),
  expires_at: z.iso.datetime().optional(),
  requests_per_minute: z.int().min(1).max(requestsPerMinuteMax).optional(),
  budget_micro_usd_per_day: z.int().min(0).max(grantMicroUsdMax).optional(),
  defaults: requestDefaultsSchema.optional(),
  models: z.array(z.string().min(1).max(modelIdCharactersMax)).min(1).max(keyModelsMax).optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/u)
    .optional(),
});

/** What a key may do, and how much of it. */
export interface KeyTerms {
  /** What its owner calls it. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** Unix milliseconds; undefined: never. */
  readonly expiresMs: number | undefined;
  /** Undefined: the service's default. */
  readonly requestsPerMinute: number | undefined;
  /** What it may spend from midnight to midnight UTC; undefined: whatever the account has. */
  readonly budgetMicroUsdPerDay: number | undefined;
  /** What its requests mean where they say nothing; undefined: what the service says. */
  readonly defaults?: RequestDefaults | undefined;
  /** The ids of the models that it may use, the one of requests that name none first; undefined: all. */
  readonly models?: readonly string[] | undefined;
}

/** A checked order for a key. */
export interface KeyRequest extends KeyTerms {
  /** SHA-256, in hexadecimal, of a key that the operator made; undefined: the service makes one. */
  readonly sha256: string | undefined;
}

/** Reads the body of `POST /v1/admin/accounts/{account}/keys`. Fails with `invalid_request` naming the field. */
export function parseKeyRequest(json: unknown, nowMs: number): Result<KeyRequest, Failure> {
  const parsed = keyBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const wire = parsed.data;
  const expiresMs = wire.expires_at === undefined ? undefined : Date.parse(wire.expires_at);
  if (expiresMs !== undefined && expiresMs <= nowMs) {
    return err(invalidRequest("expires_at", "'expires_at' must be in the future."));
  }
  return ok({
    name: wire.name,
    scopes: [...new Set(wire.scopes ?? defaultKeyScopes)],
    expiresMs,
    requestsPerMinute: wire.requests_per_minute,
    budgetMicroUsdPerDay: wire.budget_micro_usd_per_day,
    defaults: wire.defaults,
    models: wire.models?.map(canonicalModelName),
    sha256: wire.sha256,
  });
}

/** The body of a rotation. */
export const rotationBodySchema = z.strictObject({
  overlap_seconds: z.int().min(0).max(rotationOverlapSecondsMax).default(86_400),
});

/**
 * Reads the body of a rotation: how long, in seconds, the old key works beside the new one. A day unless it says so.
 */
export function parseRotation(json: unknown): Result<number, Failure> {
  const parsed = rotationBodySchema.safeParse(json);
  return parsed.success ? ok(parsed.data.overlap_seconds) : err(requestFault(parsed.error, json));
}
