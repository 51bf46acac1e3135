import { toHex } from "../hex.ts";
import { hmacSha256 } from "../hmac.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type LatentRecipe, recipeKey } from "./latent-key.ts";

/** 48 bits: of a vocabulary of 50,000 tokens, two share a digest once in 200,000 secrets. */
const digestCharacters = 12;

/** What is stored of a prompt for comparison with others. Nothing of the prompt can be read without the secret. */
export interface PromptLikeness {
  /** The keyed digest of all but the prompt and the seed: only prompts of the same terms are compared. */
  readonly terms: string;
  /**
   * A keyed digest of each token, sorted, so that not even their order is told. The same token differs under other
   * terms.
   */
  readonly tokens: readonly string[];
}

/**
 * `specialTokenIds`: what the model puts around any prompt, each as often as it does; they say nothing about likeness.
 */
export async function likenessOf(
  secretKey: string,
  recipe: Omit<LatentRecipe, "seed">,
  specialTokenIds: readonly number[],
): Promise<PromptLikeness> {
  const terms = await recipeKey(secretKey, { ...recipe, tokenIds: [] });
  const tokenKey = toHex(await hmacSha256(secretKey, canonicalJson({ purpose: "token", v: 1, terms })));
  const digests = withoutEach(recipe.tokenIds, specialTokenIds).map(async (id) =>
    toHex(await hmacSha256(tokenKey, String(id))).slice(0, digestCharacters),
  );
  return { terms, tokens: (await Promise.all(digests)).sort() };
}

/** Jaccard's distance of two sorted multisets: 0 for the same tokens in any order, 1 where none is shared. */
export function tokenDistance(a: readonly string[], b: readonly string[]): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left = "", right = ""] = [a[i], b[j]];
    if (left === right) shared += 1;
    if (left <= right) i += 1;
    if (right <= left) j += 1;
  }
  const united = a.length + b.length - shared;
  return united === 0 ? 0 : (united - shared) / united;
}

function withoutEach(ids: readonly number[], removed: readonly number[]): number[] {
  const left = [...ids];
  for (const id of removed) {
    const at = left.indexOf(id);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
