import { expect, test } from "vitest";
import { emojiToWords } from "../../../shared/prompt/emoji-words.ts";
import cases from "../../golden/emoji-words.json" with { type: "json" };

// The names are those that Unicode's own charts print: https://unicode.org/emoji/charts/full-emoji-list.html

test.each(cases)("$text is read as: $words", ({ text, words }) => {
  expect(emojiToWords(text, () => false)).toBe(words);
});

test("an emoji that the tokenizer knows stays as it is, beside one that it lacks", () => {
  expect(emojiToWords("❤️ 🐶", (emoji) => emoji.startsWith("❤"))).toBe("❤️ dog face");
});

test("a text without emoji is returned untouched, also in Japanese", () => {
  for (const text of ["1st place", "赤いりんご、3D", "#1 *bold*", "яблоко"]) {
    expect(emojiToWords(text, () => false)).toBe(text);
  }
});
