import { toHex } from "../hex.ts";
import { hmacSha256 } from "../hmac.ts";
import type { Sampling } from "../sampling-fields.ts";
import { canonicalJson } from "./canonical-json.ts";

/** The form of a recipe. A new form gives new keys, so stored latents are never read by a wrong rule. */
const recipeVersion = 1;

/**
 * Counts changes to the arithmetic between token ids and latent that no manifest shows (noise, guidance, rounding).
 * Raise it with every such change: it makes all stored latents unreachable.
 */
export const pipelineVersion = 1;

/** (channels, height, width) of a Stage C latent. */
export type LatentShape = readonly [channels: number, height: number, width: number];

/** A start, as it decides the bytes of a latent. */
export interface RecipeStart {
  /** Of the latent that it starts from, which decides that latent's bytes. */
  readonly latentId: string;
  /** 0…1 */
  readonly strength: number;
  /** SHA-256 of the mask's file, hexadecimal; null: everything is made anew. */
  readonly maskDigest: string | null;
}

/** Pictures as part of a prompt, as they decide the bytes of a latent. */
export interface RecipeImages {
  /** The manifest's `imagePrompts.encoder`: with a file's bytes it decides what Stage C reads of a picture. */
  readonly encoder: string;
  /** SHA-256 of each picture's file, hexadecimal, in the order of the request. */
  readonly digests: readonly string[];
}

/**
 * Everything that decides the bytes of one Stage C latent, and which accounts may read it. Equal recipes give equal
 * latents.
 */
export interface LatentRecipe extends Sampling {
  /** The manifest's `revision`: a digest over the whole bundle. */
  readonly modelRevision: string;
  readonly tokenIds: readonly number[];
  /** The ids that guidance steers away from; those of the empty prompt when the request gives none. */
  readonly negativeTokenIds: readonly number[];
  readonly latentShape: LatentShape;
  /** 0…2³²−1 */
  readonly seed: number;
  readonly sampler: string;
  readonly pipelineVersion: number;
  /** What it starts from; absent: pure noise. */
  readonly start?: RecipeStart;
  /** Pictures that are part of the prompt; absent: words alone. */
  readonly imagePrompts?: RecipeImages;
  /** An account's id, or the scope of all that opted in to sharing. */
  readonly cacheScope: string;
}

/**
 * The address of a latent: 64 hexadecimal characters, HMAC-SHA-256 over the recipe's canonical JSON. Without the secret
 * it reveals nothing about the prompt and cannot be computed from one. Throws `AppError` on a short secret.
 */
export async function latentKey(secretKey: string, recipe: LatentRecipe): Promise<string> {
  return toHex(
    await hmacSha256(secretKey, canonicalJson({ purpose: "latent", v: recipeVersion, ...canonicalRecipe(recipe) })),
  );
}

/**
 * The name of everything in a recipe but the seed, 64 hexadecimal characters: under it an account keeps which latents a
 * prompt has. Like a latent's key, it reveals nothing about the prompt.
 */
export async function recipeKey(secretKey: string, recipe: Omit<LatentRecipe, "seed">): Promise<string> {
  return toHex(
    await hmacSha256(
      secretKey,
      canonicalJson({ purpose: "recipe", v: recipeVersion, ...canonicalRecipe(withoutSeed(recipe)) }),
    ),
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
  const text = canonicalJson({ purpose: "seed", v: recipeVersion, index, ...canonicalRecipe(withoutSeed(recipe)) });
  const digest = await hmacSha256(secretKey, text);
  return new DataView(digest.buffer).getUint32(0);
}

/** A recipe without a start or pictures has the spelling that it had before there were any. */
function canonicalRecipe<Recipe extends Omit<LatentRecipe, "seed">>({ start, imagePrompts, ...rest }: Recipe) {
  return {
    ...rest,
    ...(start === undefined ? {} : { start: { ...start } }),
    ...(imagePrompts === undefined ? {} : { imagePrompts: { ...imagePrompts } }),
  };
}

/** A caller's object may hold more than its type says, and a stray seed would change what must not depend on one. */
function withoutSeed(recipe: Omit<LatentRecipe, "seed">): Omit<LatentRecipe, "seed"> {
  const { seed: _, ...rest }: Omit<LatentRecipe, "seed"> & { seed?: number } = recipe;
  return rest;
}

/** Everything that decides the bytes of a latent that Stage C did not make, and which accounts may read it. */
export type MadeFrom =
  /** A picture that was sent: the SHA-256 of its file, hexadecimal, and the size that it is wanted in. */
  | { readonly kind: "picture"; readonly digest: string; readonly size: string; readonly modelRevision: string }
  /** What Stage C reads of a picture in a prompt; it is charged by this name, and never stored. */
  | { readonly kind: "image_prompt"; readonly digest: string; readonly modelRevision: string }
  /** Two latents, and how far it lies from the first to the second. */
  | { readonly kind: "interpolation"; readonly latentIds: readonly [string, string]; readonly t: number }
  /** A latent that was sent: the SHA-256 of its file in the form that is stored, hexadecimal. */
  | { readonly kind: "upload"; readonly digest: string };

/** The address of such a latent: as `latentKey`, and never the same as one of its. */
export async function derivedLatentKey(secretKey: string, madeFrom: MadeFrom, cacheScope: string): Promise<string> {
  const text = canonicalJson({ purpose: "derived-latent", v: recipeVersion, pipelineVersion, cacheScope, ...madeFrom });
  return toHex(await hmacSha256(secretKey, text));
}
