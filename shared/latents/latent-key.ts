import { toHex } from "../hex.ts";
import { hmacSha256 } from "../hmac.ts";
import { canonicalJson } from "./canonical-json.ts";

/** The form of a recipe. A new form gives new keys, so stored latents are never read by a wrong rule. */
const recipeVersion = 1;

/**
 * Counts changes to the arithmetic between token ids and latent that no manifest shows (noise, guidance, rounding).
 * Raise it with every such change: it makes the latents of before unreachable.
 */
export const pipelineVersion = 1;

/** (channels, height, width) of a Stage C latent. */
export type LatentShape = readonly [channels: number, height: number, width: number];

/** All that decides the bytes of one Stage C latent, and who may find it. The same recipe gives the same latent. */
export interface LatentRecipe {
  /** The manifest's `revision`: a digest over the whole bundle. */
  readonly modelRevision: string;
  readonly tokenIds: readonly number[];
  /** The ids that guidance steers away from; those of the empty prompt when the request gives none. */
  readonly negativeTokenIds: readonly number[];
  readonly latentShape: LatentShape;
  /** 0…2³²−1 */
  readonly seed: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly sampler: string;
  readonly pipelineVersion: number;
  /** Whose latents these are: an account's id, or the scope of everyone who opted in to sharing. */
  readonly cacheScope: string;
}

/**
 * The address of a latent: 64 hexadecimal characters, HMAC-SHA-256 over the recipe's canonical JSON. Without the secret
 * it tells nothing about the prompt and cannot be computed from one. Throws `AppError` on a short secret.
 */
export async function latentKey(secretKey: string, recipe: LatentRecipe): Promise<string> {
  return toHex(await hmacSha256(secretKey, canonicalJson({ purpose: "latent", v: recipeVersion, ...recipe })));
}

/**
 * The name of everything in a recipe but the seed, 64 hexadecimal characters: under it an account keeps which latents a
 * prompt has. As a latent's key, it tells nothing about the prompt.
 */
export async function recipeKey(secretKey: string, recipe: Omit<LatentRecipe, "seed">): Promise<string> {
  return toHex(
    await hmacSha256(secretKey, canonicalJson({ purpose: "recipe", v: recipeVersion, ...withoutSeed(recipe) })),
  );
}

/**
 * The seed that an unseeded request takes for its picture number `index` when it prefers reuse: decided by the recipe
 * itself, so that a repeat finds its latents without any index being stored. 0…2³²−1.
 */
export async function derivedSeed(
  secretKey: string,
  recipe: Omit<LatentRecipe, "seed">,
  index: number,
): Promise<number> {
  const text = canonicalJson({ purpose: "seed", v: recipeVersion, index, ...withoutSeed(recipe) });
  const digest = await hmacSha256(secretKey, text);
  return new DataView(digest.buffer).getUint32(0);
}

/** A caller's object may hold more than its type says, and a stray seed would change what must not depend on one. */
function withoutSeed(recipe: Omit<LatentRecipe, "seed">): Omit<LatentRecipe, "seed"> {
  const { seed: _, ...rest }: Omit<LatentRecipe, "seed"> & { seed?: number } = recipe;
  return rest;
}
