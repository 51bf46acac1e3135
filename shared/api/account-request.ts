import { z } from "zod";
import type { Failure } from "../errors.ts";
import { concurrencyMaxMax, echoedNameCharactersMax, latentBytesMaxMax, latentsPerPromptMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { type RequestDefaults, requestDefaultsSchema } from "./request-defaults.ts";

/** The body of `PUT /v1/admin/accounts/{account}`. */
export const accountBodySchema = z.strictObject({
  name: z.string().max(128).optional(),
  suspended: z.boolean().optional(),
  concurrency_max: z.int().min(1).max(concurrencyMaxMax).nullable().optional(),
  latents_per_prompt: z.int().min(1).max(latentsPerPromptMax).nullable().optional(),
  latent_bytes_max: z.int().min(0).max(latentBytesMaxMax).nullable().optional(),
  stripe_customer: z
    .string()
    .regex(/^cus_\w{1,64}$/u)
    .nullable()
    .optional(),
  defaults: requestDefaultsSchema.nullable().optional(),
});

/** What an operator sets of an account; what is undefined stays as it is, null takes a setting away. */
export interface AccountRequest {
  readonly name?: string | undefined;
  readonly suspended?: boolean | undefined;
  /** Requests in flight at once; null: the service's default. */
  readonly concurrencyMax?: number | null | undefined;
  /** Latents of one prompt that requests without a seed go round; null: the default. */
  readonly latentsPerPrompt?: number | null | undefined;
  /** What its latents may take in the store before the least worth go; null: the default. */
  readonly latentBytesMax?: number | null | undefined;
  /** The customer at Stripe whose usage is reported; null: none. */
  readonly stripeCustomer?: string | null | undefined;
  /** What requests of its keys mean where neither they nor their key say anything; null: what the service says. */
  readonly defaults?: RequestDefaults | null | undefined;
}

/** Reads the body of `PUT /v1/admin/accounts/{account}`. Fails with `invalid_request` naming the field. */
export function parseAccountRequest(json: unknown): Result<AccountRequest, Failure> {
  const parsed = accountBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const wire = parsed.data;
  return ok({
    name: wire.name,
    suspended: wire.suspended,
    concurrencyMax: wire.concurrency_max,
    latentsPerPrompt: wire.latents_per_prompt,
    latentBytesMax: wire.latent_bytes_max,
    stripeCustomer: wire.stripe_customer,
    defaults: wire.defaults,
  });
}

const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(100),
  after: z.string().max(echoedNameCharactersMax).optional(),
});

/** Part of a list: at most `limit` entries, beginning behind the one called `after`. */
export type PageRequest = z.infer<typeof pageSchema>;

/** Reads `?limit&after`. Fails with `invalid_request` naming the field. */
export function parsePageRequest(query: unknown): Result<PageRequest, Failure> {
  const parsed = pageSchema.safeParse(query);
  return parsed.success ? ok(parsed.data) : err(requestFault(parsed.error, query));
}
