import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import type { EncodedPrompt } from "../../shared/prompt/encoded-prompt.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Model } from "../models/registry.ts";

/** A request's texts as token ids. */
export interface EncodedPrompts {
  readonly prompt: EncodedPrompt;
  /** That of the empty text when the request has no negative prompt. */
  readonly negativePrompt: EncodedPrompt;
  /** Tokens of the texts that were sent, special tokens included. */
  readonly tokens: number;
  /** One sentence for each text that did not fit. */
  readonly warnings: readonly string[];
}

/**
 * Encodes prompt and negative prompt. Fails when nothing of the prompt is left but what the model adds itself, unless
 * the pictures start from one: that may say enough.
 */
export function encodePrompts(
  { manifest, promptEncoder }: Model,
  request: CreateImageRequest,
): Result<EncodedPrompts, Failure> {
  const prompt = promptEncoder.encode(request.prompt);
  if (request.start === undefined && prompt.tokenIds.length <= manifest.text.specialTokensCount) {
    return err(invalidRequest("prompt", "'prompt' holds nothing that the model can read. Use letters or digits."));
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
    ],
  });
}

function truncationWarning(field: string, { tokensDropped }: EncodedPrompt, tokensMax: number): string[] {
  if (tokensDropped === 0) return [];
  const dropped = tokensDropped === 1 ? "1 token was" : `${tokensDropped} tokens were`;
  return [`${field}_truncated: the model reads ${tokensMax} tokens; the last ${dropped} dropped.`];
}
