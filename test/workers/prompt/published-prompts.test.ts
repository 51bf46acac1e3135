import { describe, expect, test } from "vitest";
import { createPromptEncoder } from "../../../workers/prompt/prompt-encoder.ts";
import cascade from "../../golden/published-cascade.json";
import v2 from "../../golden/published-v2.json";
import cascadeManifest from "../../support/models/tiny-cascade/model.json";
import cascadeTokenizer from "../../support/models/tiny-cascade/tokenizer.json";
import v2Manifest from "../../support/models/tiny-v2/model.json";
import v2Tokenizer from "../../support/models/tiny-v2/tokenizer.json";

// Golden ids: the tokenizer of diffusers' own pipelines, see test/golden/make_published_golden.py.
describe.each([
  { family: "v2", cases: v2.cases, encoder: createPromptEncoder(v2Tokenizer, v2Manifest.text) },
  { family: "cascade", cases: cascade.cases, encoder: createPromptEncoder(cascadeTokenizer, cascadeManifest.text) },
])("the edge reads prompts for an imported checkpoint of $family as diffusers' pipelines do", ({ cases, encoder }) => {
  test.each(cases)("$prompt", ({ prompt, negativePrompt, tokenIds, negativeTokenIds }) => {
    expect(encoder.encode(prompt).tokenIds).toEqual(tokenIds);
    expect(encoder.encode(negativePrompt).tokenIds).toEqual(negativeTokenIds);
  });
});
