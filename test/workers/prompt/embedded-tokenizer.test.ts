import { expect, test } from "vitest";
import tokenizer from "../../../gpu-backend/models/emoji-128/tokenizer.json";
import { createPromptEncoder } from "../../../workers/prompt/prompt-encoder.ts";
import cases from "../../golden/prompt-tokens.json";

// Golden ids: tokenizers 0.23.3 (Rust), see test/golden/make_prompt_tokens_golden.py.
const encoder = createPromptEncoder(tokenizer, { tokensMax: 128, specialTokensCount: 2 });

test.each(cases)("the embedded tokenizer reads $text as the reference implementation does", ({ text, tokenIds }) => {
  expect(encoder.encode(text)).toEqual({ tokenIds, tokensDropped: 0 });
});
