import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { echoedNameCharactersMax } from "../../shared/limits.ts";
import type { EncodedPrompt } from "../../shared/prompt/encoded-prompt.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Model } from "../models/model.ts";
import type { UnknownWord } from "../prompt/prompt-encoder.ts";

/** A request's texts as token ids. */
export interface EncodedPrompts {
  readonly prompt: EncodedPrompt;
  /** That of the empty text when the request has no negative prompt. */
  readonly negativePrompt: EncodedPrompt;
  /** Tokens of the texts that were sent, special tokens included. */
  readonly tokens: number;
  /** A sentence for each text that did not fit, and for each with words that the model lacks. */
  readonly warnings: readonly string[];
}

/**
 * Encodes prompt and negative prompt. Fails when nothing of the prompt is left but what the model adds itself, unless
 * the pictures start from one: that may say enough. Fails also when the model knows no word of it: every such prompt
 * would give one and the same picture.
 */
export function encodePrompts(
  { manifest, promptEncoder }: Model,
  request: CreateImageRequest,
): Result<EncodedPrompts, Failure> {
  const prompt = promptEncoder.encode(request.prompt);
  if (request.start === undefined && prompt.tokenIds.length <= manifest.text.specialTokensCount) {
    return err(invalidRequest("prompt", "'prompt' holds nothing that the model can read. Use letters or digits."));
  }
  if (isUnknown(prompt, manifest.text.specialTokensCount)) {
    return err(unreadable(promptEncoder.unknownWords(request.prompt)));
  }
  const negativePrompt = promptEncoder.encode(request.negativePrompt);
  const negativeTokens = request.negativePrompt === "" ? 0 : negativePrompt.tokenIds.length;
  const { tokensMax } = manifest.text;
  return ok({
    prompt,
    negativePrompt,
    tokens: prompt.tokenIds.length + negativeTokens,
    warnings: [
      ...truncationWarning("prompt", prompt, tokensMax),
      ...truncationWarning("negative_prompt", negativePrompt, tokensMax),
      ...unknownWarning("prompt", prompt, () => promptEncoder.unknownWords(request.prompt)),
      ...unknownWarning("negative_prompt", negativePrompt, () => promptEncoder.unknownWords(request.negativePrompt)),
    ],
  });
}

/** Words, or places of words, that one sentence lists. */
const listedWordsMax = 5;

function isUnknown({ tokenIds, tokensUnknown = 0 }: EncodedPrompt, specialTokensCount: number): boolean {
  return tokensUnknown > 0 && tokensUnknown === tokenIds.length - specialTokensCount;
}

/** Only the answer to the sender holds the words: no log and no stored result does. */
function unreadable(unknown: readonly UnknownWord[]): Failure {
  const words = unknown.slice(0, listedWordsMax).map(({ word }) => `"${word.slice(0, echoedNameCharactersMax)}"`);
  const more = unknown.length > words.length ? " and others" : "";
  const fix = "Describe the picture in words that it knows.";
  return invalidRequest("prompt", `The model understood no word of 'prompt': ${words.join(", ")}${more}. ${fix}`);
}

/** Names places and not words, because warnings go into headers and into the stored results of jobs. */
function unknownWarning(field: string, prompt: EncodedPrompt, find: () => readonly UnknownWord[]): string[] {
  if (prompt.tokensUnknown === undefined) return [];
  const places = find().map(({ place }) => place);
  const listed = places.slice(0, listedWordsMax).join(", ");
  const more = places.length > listedWordsMax ? " and others" : "";
  return [`${field}_unknown_words: the model does not know these words of the text, by their place: ${listed}${more}.`];
}

function truncationWarning(field: string, { tokensDropped }: EncodedPrompt, tokensMax: number): string[] {
  if (tokensDropped === 0) return [];
  const dropped = tokensDropped === 1 ? "1 token was" : `${tokensDropped} tokens were`;
  return [`${field}_truncated: the model reads ${tokensMax} tokens; the last ${dropped} dropped.`];
}
