import { expect, test } from "vitest";
import { normalisePrompt } from "../../../shared/prompt/normalise-prompt.ts";

test.each([
  ["whitespace of every kind becomes one space", " a\t\n\u00a0\u3000 cat\u0085\u2028sat ", "a cat sat"],
  ["compatibility forms become plain ones", "ｃａｔ ﬁsh ²", "cat fish 2"],
  ["a letter and its accent become one character", "cafe\u0301", "café"],
  ["control characters disappear", "c\u0000a\u001bt\u007f", "cat"],
  ["unpaired surrogates disappear, pairs stay", "a\ud83db 🐱", "ab 🐱"],
  ["joined emoji stay joined", "👩‍🚀", "👩‍🚀"],
  ["a prompt of nothing visible becomes empty", " \u0000\t ", ""],
])("%s", (_, text, expected) => {
  expect(normalisePrompt(text)).toBe(expected);
});

test("a normalised prompt is left as it is", () => {
  const awkward = ["e\u0000\u0301", "a \u0000 b", "\u00a8x", "ﷺ", " \u0301", "\ud800\udc00\ud800"];
  for (const text of awkward) {
    const once = normalisePrompt(text);
    expect(normalisePrompt(once)).toBe(once);
  }
});
