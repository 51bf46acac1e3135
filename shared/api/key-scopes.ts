import { z } from "zod";

/**
 * What a key may do. generate: make pictures and ask for quotes. read: the account's own figures. latents: stored
 * latents. jobs: work that outlives its request. shared_cache: take from, and give to, the latents of everyone who has
 * this scope, by `cache_scope: "shared"`.
 */
export const keyScopeSchema = z.enum(["generate", "read", "latents", "jobs", "shared_cache"]);

/** What a key may do; every route names one. */
export type KeyScope = z.infer<typeof keyScopeSchema>;

/**
 * The scopes of a key that names none: all but sharing, since a shared hit reveals that somebody requested the same.
 */
export const defaultKeyScopes: readonly KeyScope[] = ["generate", "read", "latents", "jobs"];
