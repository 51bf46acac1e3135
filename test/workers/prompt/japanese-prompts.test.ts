import { expect, test } from "vitest";
import { createPromptEncoder } from "../../../workers/prompt/prompt-encoder.ts";
import { cases, tokenizer } from "../../golden/japanese-tokens.json";

// Golden ids: tokenizers 0.23.3 (Rust), see test/golden/make_japanese_tokens_golden.py.
const encoder = createPromptEncoder(tokenizer, { tokensMax: 16, specialTokensCount: 2 });
const [opening, closing, dog, the] = [2, 3, 100, 18];

test.each(cases)("a tokenizer with Japanese words reads $text as the reference implementation does", (expected) => {
  expect(encoder.encode(expected.text)).toMatchObject({ tokenIds: expected.tokenIds, tokensDropped: 0 });
});

test.each([
  { word: "犬", token: dog },
  { word: "the ", token: the },
])("a Japanese word costs one token, as an English one does, and is cut like one: $word", ({ word, token }) => {
  const full = [opening, ...Array(14).fill(token), closing];
  expect(encoder.encode(word.repeat(14))).toEqual({ tokenIds: full, tokensDropped: 0 });
  expect(encoder.encode(word.repeat(16))).toEqual({ tokenIds: full, tokensDropped: 2 });
});

test("the longest prompt in Japanese is accepted and cut", () => {
  expect(encoder.encode("犬、".repeat(16_000)).tokenIds).toHaveLength(16);
});
