import { normalisePrompt } from "../../shared/prompt/normalise-prompt.ts";
import { err, ok } from "../../shared/result.ts";
import type { Moderator } from "./moderator.ts";

/** Scripts that put no space between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/**
 * Refuses prompts that hold one of the terms: words or phrases, one a line or between commas, in any case, width or
 * spacing. A term is found between other letters only in scripts without spaces, so "ass" refuses no "grass".
 */
export function createDenyList(list: string): Moderator {
  const terms = list
    .split(/[\n,]/u)
    .map(fold)
    .filter((term) => term !== "");
  const patterns = terms.map((term) => new RegExp(unspaced.test(term) ? literal(term) : wholeWords(term), "u"));
  return {
    isRemote: false,
    async check(prompt) {
      const text = fold(prompt);
      const isRefused = patterns.some((pattern) => pattern.test(text));
      return isRefused ? err({ code: "content_policy_violation" }) : ok(undefined);
    },
  };
}

/** As the model reads it, without invisible characters (of no width) between letters. */
function fold(text: string): string {
  return normalisePrompt(text.replace(/\p{Cf}/gu, "")).toLowerCase();
}

function wholeWords(term: string): string {
  return `(?<![\\p{L}\\p{N}])${literal(term)}(?![\\p{L}\\p{N}])`;
}

function literal(term: string): string {
  return term.replace(/[$()*+./?[\\\]^{|}-]/gu, "\\$&");
}
