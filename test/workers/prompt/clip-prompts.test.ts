import { describe, expect, test } from "vitest";
import { createPromptEncoder } from "../../../workers/prompt/prompt-encoder.ts";
import { cases, tokenizer, tokensMax } from "../../golden/clip-tokens.json";
import released from "../../golden/clip-vocabulary.json";

// Golden ids: transformers' CLIPTokenizer 5.23.0, see test/golden/make_clip_tokens_golden.py.
const encoder = createPromptEncoder(tokenizer, { tokensMax, specialTokensCount: 2 });

describe("a CLIP tokenizer reads as transformers does", () => {
  test.each(cases)("$text", ({ text, tokenIds }) => {
    expect(encoder.encode(text).tokenIds).toEqual(tokenIds);
  });
});

test("a prompt of CLIP is cut to 77 tokens, its last one the end of the text, and what was dropped is counted", () => {
  const { tokenIds, tokensDropped } = encoder.encode("red ".repeat(80));
  expect(tokenIds).toHaveLength(77);
  expect(tokenIds.at(-1)).toBe(encoder.encode("").tokenIds[1]);
  expect(tokensDropped).toBe(5);
});

test("the longest prompts are cut like any other, whatever they are made of", () => {
  for (const text of ["z".repeat(32_000), "猫".repeat(32_000), "zqx!".repeat(8_000)]) {
    expect(encoder.encode(text).tokenIds).toHaveLength(77);
  }
});

// Ids of the released vocabulary, through the tokenizer.json that an import writes:
// test/golden/make_clip_vocabulary_golden.py.
describe("an imported tokenizer gives the ids of transformers", () => {
  const imported = createPromptEncoder(released.tokenizer, { tokensMax: released.tokensMax, specialTokensCount: 2 });

  test.each(released.cases)("$text", ({ text, tokenIds }) => {
    expect(imported.encode(text).tokenIds).toEqual(tokenIds);
  });
});
