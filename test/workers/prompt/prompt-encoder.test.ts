import { expect, test } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import { createPromptEncoder } from "../../../workers/prompt/prompt-encoder.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

const encoder = createPromptEncoder(tinyBundle.tokenizer, manifest.text);
const [opening, red, green, blue, apple, closing] = [2, 4, 5, 6, 7, 3];

test("a prompt is its words between the model's special tokens", () => {
  expect(encoder.encode("red apple")).toEqual({ tokenIds: [opening, red, apple, closing], tokensDropped: 0 });
});

test("texts that normalise alike give the same ids", () => {
  const ids = encoder.encode("red apple").tokenIds;
  for (const text of ["  red\n\tapple ", "RED Apple", "\uff52\uff45\uff44 apple", "r\u0000ed apple"]) {
    expect(encoder.encode(text).tokenIds).toEqual(ids);
  }
});

test("an empty text is the special tokens alone", () => {
  expect(encoder.encode("")).toEqual({ tokenIds: [opening, closing], tokensDropped: 0 });
});

test("a text that just fits loses nothing; beyond that, the last words go and the special tokens stay", () => {
  const fitting = encoder.encode("apple ".repeat(14));
  expect(fitting.tokenIds).toHaveLength(16);
  expect(fitting.tokensDropped).toBe(0);
  const long = encoder.encode(`green ${"apple ".repeat(13)} blue blue`);
  expect(long.tokenIds).toEqual([opening, green, ...Array(13).fill(apple), closing]);
  expect(long.tokensDropped).toBe(2);
  expect(long.tokenIds).not.toContain(blue);
});

test("the longest prompt that is accepted is cut like any other", () => {
  expect(encoder.encode("zq ".repeat(10_666)).tokenIds).toHaveLength(16);
  expect(encoder.encode("z".repeat(32_000)).tokenIds).toHaveLength(3);
});

test("an emoji that the vocabulary lacks is read as its name, so that two emoji are two prompts", () => {
  expect(encoder.encode("red 🍎").tokenIds).toEqual(encoder.encode("red red apple").tokenIds);
  expect(encoder.encode("🐶").tokenIds).toEqual(encoder.encode("dog face").tokenIds);
});

test("what the vocabulary lacks is counted among the tokens that are kept, and its words are named by their place", () => {
  expect(encoder.encode("red ꙮ ж")).toEqual({
    tokenIds: [opening, red, 1, 1, closing],
    tokensDropped: 0,
    tokensUnknown: 2,
  });
  expect(encoder.unknownWords("red ꙮ  apple,ꙮ ж")).toEqual([
    { place: 2, word: "ꙮ" },
    { place: 3, word: "apple,ꙮ" },
    { place: 4, word: "ж" },
  ]);
  expect(encoder.unknownWords("red apple")).toEqual([]);
});

test("a tokenizer that does not fit the manifest is reported at the first prompt", () => {
  const other = createPromptEncoder(tinyBundle.tokenizer, { tokensMax: 16, specialTokensCount: 1 });
  expect(() => other.encode("a")).toThrow(AppError);
  expect(() => createPromptEncoder(null, manifest.text).encode("a")).toThrow(AppError);
});
