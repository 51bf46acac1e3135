import { expect, test } from "vitest";
import { isCounted, plural } from "../../../gpu-backend/training/datasets/emoji/plural.ts";

test.each([
  ["key", "keys"],
  ["strawberry", "strawberries"],
  ["monkey", "monkeys"],
  ["glass", "glasses"],
  ["toothbrush", "toothbrushes"],
  ["pregnant man", "pregnant men"],
  ["old woman", "old women"],
  ["maple leaf", "maple leaves"],
  ["child", "children"],
  ["tropical fish", "tropical fish"],
])("several of %s are %s", (one, several) => {
  expect(plural(one)).toBe(several);
});

test.each(["person juggling", "breast feeding", "no smoking", "foggy", "o’clock"])("%s is not counted", (name) => {
  expect(isCounted(name)).toBe(false);
});

test.each(["ring", "wedding ring", "string", "firewoods", "money bag", "swimming cap"])("%s is counted", (name) => {
  expect(isCounted(name)).toBe(true);
});
