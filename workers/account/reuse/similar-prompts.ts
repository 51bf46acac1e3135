import { type PromptLikeness, tokenDistance } from "../../../shared/latents/prompt-likeness.ts";
import { promptDistanceMax, rememberedPromptsMax } from "../../../shared/limits.ts";
import { rotateLatents } from "./rotation.ts";

// The prompts that an account's requests with `reuse: "similar"` asked for, as keyed digests of their tokens, so that a
// prompt without latents can be given those of one that is nearly the same. An account's object knows its own alone.

/** Time until a prompt that was not sent with `reuse: "similar"` is forgotten. */
const rememberedMs = 30 * 86_400_000;

/** A latent of another prompt. */
export interface SimilarLatent {
  readonly latentId: string;
  readonly seed: number;
}

/** A request for latents of a near prompt. */
export interface SimilarRequest {
  readonly likeness: PromptLikeness;
  /** Whose turns are told apart: a key. */
  readonly caller: string;
  /** How many are wanted. */
  readonly count: number;
}

/** Latents of the nearest prompt that has any, in its turn, at most `count`; none where no prompt is near enough. */
export function takeSimilar(
  sql: SqlStorage,
  { likeness, caller, count }: SimilarRequest,
  nowMs: number,
): SimilarLatent[] {
  const recipe = nearestPrompt(sql, likeness);
  return recipe === undefined ? [] : rotateLatents(sql, { recipe, caller, count }, nowMs);
}

/** Notes a prompt under the keyed digest of its recipe, and forgets those that are too many, the oldest first. */
export function rememberPrompt(
  sql: SqlStorage,
  { recipe, likeness: { terms, tokens } }: { readonly recipe: string; readonly likeness: PromptLikeness },
  nowMs: number,
): void {
  sql.exec(
    "INSERT OR REPLACE INTO prompts (recipe, terms, tokens, token_count, at_ms) VALUES (?, ?, ?, ?, ?)",
    recipe,
    terms,
    tokens.join(" "),
    tokens.length,
    nowMs,
  );
  sql.exec(
    "DELETE FROM prompts WHERE recipe IN (SELECT recipe FROM prompts ORDER BY at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)",
    rememberedPromptsMax,
  );
}

/** Deletes prompts that were not sent for a long time. */
export function forgetPrompts(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM prompts WHERE at_ms < ?", nowMs - rememberedMs);
}

/** Of several equally near, the newest. Prompts whose lengths alone keep them apart are not read. */
function nearestPrompt(sql: SqlStorage, { terms, tokens }: PromptLikeness): string | undefined {
  const least = Math.floor(tokens.length * (1 - promptDistanceMax));
  const most = Math.ceil(tokens.length / (1 - promptDistanceMax));
  const rows = sql.exec<{ recipe: string; tokens: string }>(
    `SELECT recipe, tokens FROM prompts WHERE terms = ? AND token_count BETWEEN ? AND ?
       AND EXISTS (SELECT 1 FROM latents WHERE latents.recipe = prompts.recipe) ORDER BY at_ms DESC, rowid DESC`,
    terms,
    least,
    most,
  );
  let nearest: { readonly recipe: string; readonly distance: number } | undefined;
  for (const row of rows) {
    const distance = tokenDistance(tokens, row.tokens.split(" "));
    if (distance <= promptDistanceMax && distance < (nearest?.distance ?? 1))
      nearest = { recipe: row.recipe, distance };
  }
  return nearest?.recipe;
}
