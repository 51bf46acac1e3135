import { expect, test } from "vitest";
import { createTextSeal } from "../../../gpu-backend/pipeline/sealed-text.ts";
import { textMetadata } from "../../../shared/latents/latent-text.ts";
import { tokensPerPromptMax } from "../../../shared/limits.ts";

const [first, second] = ["ab".repeat(32), "cd".repeat(32)];
const text = { tokenIds: [49_406, 7, 49_407], negativeTokenIds: [49_406, 49_407] };

test("a text comes back whole under its own key, and under a list that still holds the key", () => {
  const sealed = createTextSeal([first]).seal(text, 5);
  expect(createTextSeal([first]).open(sealed)).toEqual(text);
  expect(createTextSeal([second, first]).open(sealed)).toEqual(text);
});

test("another key, a changed byte and what is no sealed text open as nothing", () => {
  const sealed = createTextSeal([first]).seal(text, 5);
  const bytes = Buffer.from(sealed, "base64");
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  const seal = createTextSeal([first]);
  expect(createTextSeal([second]).open(sealed)).toBeUndefined();
  for (const wrong of [bytes.toString("base64"), "", "AAAA"]) expect(seal.open(wrong)).toBeUndefined();
});

test("equal latents have equal files, and equal prompts of other seeds do not show", () => {
  const { seal } = createTextSeal([first]);
  expect(seal(text, 5)).toBe(seal(text, 5));
  expect(seal(text, 5)).not.toBe(seal(text, 6));
});

test("the longest text fits what a file from outside may bring, and nothing else is taken for one", () => {
  const ids = Array.from({ length: tokensPerPromptMax }, () => 49_407);
  const sealed = createTextSeal([first]).seal({ tokenIds: ids, negativeTokenIds: ids }, 5);
  expect(textMetadata({ text: sealed, other: "x" })).toEqual({ text: sealed });
  for (const wrong of ["a red cat", "", "A".repeat(100_000)]) expect(textMetadata({ text: wrong })).toEqual({});
});
