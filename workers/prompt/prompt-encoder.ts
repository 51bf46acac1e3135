import { Tokenizer } from "@huggingface/tokenizers";
import { AppError } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { EncodedPrompt } from "../../shared/prompt/encoded-prompt.ts";
import { normalisePrompt } from "../../shared/prompt/normalise-prompt.ts";
import { isNormaliser, prepareAsRust } from "./own-normaliser.ts";

/** Turns a prompt into the ids that the model's text encoder reads. */
export interface PromptEncoder {
  /**
   * Texts that normalise alike, by the tokenizer's own rule where it has one, give the same ids. Never fails: what the
   * vocabulary lacks becomes its unknown token.
   */
  encode(text: string): EncodedPrompt;
}

/** What a manifest says about the text encoder's input. */
export type TextLimits = Pick<Manifest["text"], "tokensMax" | "specialTokensCount">;

/**
 * An encoder for one bundle's `tokenizer.json`. The tokenizer is built at the first prompt, because a vocabulary of
 * 30,000 words costs some 20 ms, which no isolate should pay at start. Throws `AppError` then, if it is not valid.
 */
export function createPromptEncoder(tokenizerJson: unknown, limits: TextLimits): PromptEncoder {
  let loaded: LoadedTokenizer | undefined;
  return {
    encode(text) {
      loaded ??= loadTokenizer(tokenizerJson, limits);
      const { tokenizer, frame, prepare } = loaded;
      const words = tokenizer.encode(prepare(text), { add_special_tokens: false }).ids;
      const room = limits.tokensMax - frame.opening.length - frame.closing.length;
      return {
        tokenIds: [...frame.opening, ...words.slice(0, room), ...frame.closing],
        tokensDropped: Math.max(0, words.length - room),
      };
    },
  };
}

interface LoadedTokenizer {
  readonly tokenizer: Tokenizer;
  readonly frame: Frame;
  /** What is done to a text before the tokenizer sees it. */
  readonly prepare: (text: string) => string;
}

/** The special tokens that stand around every text; they are kept when a text is cut. */
interface Frame {
  readonly opening: readonly number[];
  readonly closing: readonly number[];
}

function loadTokenizer(json: unknown, limits: TextLimits): LoadedTokenizer {
  if (typeof json !== "object" || json === null) throw new AppError("The bundle's tokenizer.json is not an object.");
  const tokenizer = new Tokenizer(json, {});
  const frame = frameOf(tokenizer);
  const count = frame.opening.length + frame.closing.length;
  if (count !== limits.specialTokensCount) {
    throw new AppError(`tokenizer.json adds ${count} special tokens, model.json says ${limits.specialTokensCount}.`);
  }
  return { tokenizer, frame, prepare: isNormaliser(json) ? prepareAsRust : normalisePrompt };
}

/** Found by encoding one letter with and without special tokens: what is around it is the frame. */
function frameOf(tokenizer: Tokenizer): Frame {
  const bare = tokenizer.encode("a", { add_special_tokens: false }).ids;
  const framed = tokenizer.encode("a").ids;
  const start = framed.findIndex((_, at) => bare.every((id, index) => framed[at + index] === id));
  if (bare.length === 0 || start < 0) throw new AppError("tokenizer.json does not encode plain letters.");
  return { opening: framed.slice(0, start), closing: framed.slice(start + bare.length) };
}
