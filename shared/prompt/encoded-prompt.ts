/** A prompt as the text encoder reads it. It no longer contains the text. */
export interface EncodedPrompt {
  /** Vocabulary ids with the model's special tokens and without padding; at most the manifest's `text.tokensMax`. */
  readonly tokenIds: readonly number[];
  /** How many tokens of the text did not fit and were left out. */
  readonly tokensDropped: number;
  /** How many of `tokenIds` stand for text that the vocabulary lacks. Absent: none. */
  readonly tokensUnknown?: number;
}
