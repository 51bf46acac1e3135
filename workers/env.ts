import { z } from "zod";
import { AppError } from "../shared/errors.ts";
import { secretCharactersMin } from "../shared/limits.ts";
import type { AccountClient } from "./account/client.ts";
import type { ObjectNamespace } from "./edge/object-client.ts";
import { gpuBackendsSchema } from "./gpu/gpu-backends.ts";
import type { JobClient, JobListClient } from "./jobs/client.ts";
import { modelAliasesSchema, unsupportedSizesSchema } from "./models/model-settings.ts";
import type { GuardModel } from "./moderation/llama-guard.ts";
import type { DecodeRunClient, LatentRunClient } from "./single-flight/client.ts";
import type { RequestEvent } from "./usage/request-event.ts";
import type { UsageEvent } from "./usage/usage-event.ts";
import type { WebhookMessage } from "./webhooks/webhook-message.ts";

const secretSchema = z
  .string({ error: "is missing" })
  .min(secretCharactersMin, `must be at least ${secretCharactersMin} characters long`);

const addressSchema = z.string().regex(/^0x[0-9a-fA-F]{40}$/u, "must be an address, 0x and 40 hexadecimal digits");

/** Bindings are objects of the platform; that they are there is all that can be checked. */
const bindingSchema = <Binding>() =>
  z.custom<Binding>((value) => typeof value === "object" && value !== null, "is not bound");

const envSchema = z.object({
  API_KEYS: bindingSchema<KVNamespace>(),
  LATENTS: bindingSchema<R2Bucket>(),
  LATENT_JOBS: bindingSchema<ObjectNamespace<LatentRunClient>>(),
  DECODE_JOBS: bindingSchema<ObjectNamespace<DecodeRunClient>>(),
  ACCOUNT_LEDGERS: bindingSchema<ObjectNamespace<AccountClient>>(),
  LOCATION_LIMITER: bindingSchema<RateLimit>(),
  STRANGER_LIMITER: bindingSchema<RateLimit>(),
  LINK_DECODE_LIMITER: bindingSchema<RateLimit>(),
  ASYNC_JOBS: bindingSchema<ObjectNamespace<JobClient>>(),
  ACCOUNT_JOBS: bindingSchema<ObjectNamespace<JobListClient>>(),
  WEBHOOKS: bindingSchema<Queue<WebhookMessage>>(),
  USAGE_EVENTS: bindingSchema<Queue<UsageEvent | RequestEvent>>(),
  USAGE: bindingSchema<D1Database>(),
  GPU_BACKEND_URL: z
    .url({ protocol: /^https?$/u, error: "must be an http(s) URL" })
    .transform((url) => url.replace(/\/+$/u, "")),
  /** Several backends; replaces GPU_BACKEND_URL. */
  GPU_BACKENDS: gpuBackendsSchema.optional(),
  WEBHOOK_TARGETS: z.enum(["public", "any"], { error: "must be public or any" }).default("public"),
  /** The only allowed hosts of webhooks, separated by commas or spaces; "*.example.com" means all names below it. */
  WEBHOOK_HOSTS: z
    .string()
    .default("")
    .transform((text) => text.split(/[\s,]+/u).filter((host) => host !== ""))
    .pipe(z.array(z.string().regex(/^(?:\*\.)?[a-z0-9.:[\]-]+$/u, "must be host names in lower case"))),
  /** Delivers webhooks in the Worker's place; see docs/jobs.md. */
  WEBHOOK_PROXY_URL: z.url({ protocol: /^https?$/u, error: "must be an http(s) URL" }).optional(),
  WEBHOOK_PROXY_SECRET: secretSchema.optional(),
  /** For clients with fixed model names and sizes; see docs/clients.md. */
  MODEL_ALIASES: modelAliasesSchema,
  UNSUPPORTED_SIZES: unsupportedSizesSchema.default("refused"),
  /** Where clients reach this service, for links in answers; see docs/deploy.md. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/u, error: "must be an http(s) URL" })
    .refine(
      (url) => URL.canParse(url) && new URL(url).href === `${new URL(url).origin}/`,
      "must be scheme and host alone",
    )
    .transform((url) => new URL(url).origin)
    .optional(),
  FORWARDED_HEADERS: z.enum(["ignored", "trusted"], { error: "must be ignored or trusted" }).default("ignored"),
  /** How pictures are looked up at the edge; see docs/deploy.md. */
  IMAGE_READS: z
    .enum(["cache-api", "workers-cache"], { error: "must be cache-api or workers-cache" })
    .default("cache-api"),
  LATENT_KEY_SECRET: secretSchema,
  GPU_BACKEND_SECRET: secretSchema,
  /** Earlier secrets, separated by commas or spaces, oldest last: pictures with their mark still verify as ours. */
  GPU_BACKEND_SECRETS_BEFORE: z
    .string()
    .default("")
    .transform((text) => text.split(/[\s,]+/u).filter((secret) => secret !== ""))
    .pipe(z.array(secretSchema).max(16)),
  IMAGE_URL_SECRET: secretSchema,
  ADMIN_SECRET: secretSchema,
  /**
   * The receiver of payments without an account; without it there are none. The settings below are required with it.
   */
  X402_PAY_TO: addressSchema.optional(),
  X402_FACILITATOR_URL: z.url({ protocol: /^https?$/u }).optional(),
  X402_NETWORK: z
    .string()
    .regex(/^eip155:\d+$/u)
    .optional(),
  /** A dollar token with six decimals, and its EIP-712 name and version. */
  X402_ASSET: addressSchema.optional(),
  X402_ASSET_NAME: z.string().default("USDC"),
  X402_ASSET_VERSION: z.string().default("2"),
  MODERATION: z.enum(["off", "deny-list", "llama-guard"]).default("off"),
  /** Terms, separated by lines or commas. */
  MODERATION_DENY_LIST: z.string().optional(),
  AI: bindingSchema<GuardModel>().optional(),
  /** Stripe's, "whsec_…"; without it there are no payments by Stripe. */
  STRIPE_WEBHOOK_SECRET: z.string().min(1).optional(),
  /** Without these two, no meter is told about usage. */
  STRIPE_API_KEY: z.string().min(1).optional(),
  STRIPE_METER_EVENT_NAME: z.string().min(1).optional(),
  /**
   * Whether a checkout's `client_reference_id` names the account where its metadata does not. A buyer can write it into
   * the address of a payment link: set this only where every checkout session is made by the operator's own server.
   */
  STRIPE_CLIENT_REFERENCE: z.enum(["ignored", "account"]).default("ignored"),
  /** Another origin than Stripe's own, for a double of it. */
  STRIPE_API_URL: z.url({ protocol: /^https?$/u }).optional(),
});

/** The Worker's configuration, checked. */
export type WorkerEnv = z.infer<typeof envSchema>;

/**
 * Reads bindings, variables and secrets. Throws `AppError` naming every one that is missing or wrong; no value is told.
 */
export function parseEnv(env: unknown): WorkerEnv {
  const parsed = envSchema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new AppError(`The environment is not complete: ${problems.join("; ")}.`);
}
