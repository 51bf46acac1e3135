import { Tokenizer } from "@huggingface/tokenizers";
import { AppError } from "../../shared/errors.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { emojiToWords } from "../../shared/prompt/emoji-words.ts";
import type { EncodedPrompt } from "../../shared/prompt/encoded-prompt.ts";
import { normalisePrompt } from "../../shared/prompt/normalise-prompt.ts";
import { isNormaliser, prepareAsRust } from "./own-normaliser.ts";
import { unknownTokenId } from "./unknown-token.ts";

/** Turns a prompt into the ids that the model's text encoder reads. */
export interface PromptEncoder {
  /**
   * Texts that normalise alike, by the tokenizer's own rule where it has one, give the same ids. Never fails: emoji
   * that the vocabulary lacks become their names, and what else it lacks its unknown token.
   */
  encode(text: string): EncodedPrompt;
  /** The words of a text, between blanks, of which the vocabulary lacks a part. */
  unknownWords(text: string): readonly UnknownWord[];
}

/** A word that the model cannot read, or not all of. */
export interface UnknownWord {
  /** Its place among the text's words, from 1. */
  readonly place: number;
  readonly word: string;
}

/** What a manifest says about the text encoder's input. */
export type TextLimits = Pick<Manifest["text"], "tokensMax" | "specialTokensCount">;

/**
 * An encoder for one bundle's `tokenizer.json`. The tokenizer is built at the first prompt, because a vocabulary of
 * 30,000 words costs some 20 ms, which no isolate should pay at start. Throws `AppError` then, if it is not valid.
 */
export function createPromptEncoder(tokenizerJson: unknown, limits: TextLimits): PromptEncoder {
  let loaded: LoadedTokenizer | undefined;
  const load = (): LoadedTokenizer => {
    loaded ??= loadTokenizer(tokenizerJson, limits);
    return loaded;
  };
  return {
    encode(text) {
      const { frame, prepare, idsOf, unknownId } = load();
      const words = idsOf(prepare(text));
      const kept = words.slice(0, limits.tokensMax - frame.opening.length - frame.closing.length);
      const tokensUnknown = kept.filter((id) => id === unknownId).length;
      return {
        tokenIds: [...frame.opening, ...kept, ...frame.closing],
        tokensDropped: words.length - kept.length,
        ...(tokensUnknown > 0 && { tokensUnknown }),
      };
    },

    unknownWords(text) {
      const { prepare, idsOf, unknownId } = load();
      const words = prepare(text).split(" ");
      return words.flatMap((word, index) =>
        idsOf(word).some((id) => id === unknownId) ? [{ place: index + 1, word }] : [],
      );
    },
  };
}

interface LoadedTokenizer {
  readonly frame: Frame;
  /** Ids without the special tokens around them. */
  readonly idsOf: (text: string) => readonly number[];
  readonly unknownId: number | undefined;
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
  const unknownId = unknownTokenId(json);
  const idsOf = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  const isKnown = (emoji: string) => !idsOf(emoji).some((id) => id === unknownId);
  const prepare = isNormaliser(json) ? prepareAsRust : (text: string) => emojiToWords(normalisePrompt(text), isKnown);
  return { frame, idsOf, unknownId, prepare };
}

/** Found by encoding one letter with and without special tokens: what is around it is the frame. */
function frameOf(tokenizer: Tokenizer): Frame {
  const bare = tokenizer.encode("a", { add_special_tokens: false }).ids;
  const framed = tokenizer.encode("a").ids;
  const start = framed.findIndex((_, at) => bare.every((id, index) => framed[at + index] === id));
  if (bare.length === 0 || start < 0) throw new AppError("tokenizer.json does not encode plain letters.");
  return { opening: framed.slice(0, start), closing: framed.slice(start + bare.length) };
}
