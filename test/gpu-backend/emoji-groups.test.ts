import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

// The groups that reports compare, as the emoji set writes them. `datasets/` is no part of the compiled sources.
const source = join(import.meta.dirname, "../../gpu-backend/training/datasets/emoji/groups.ts");
const { groupsOf, openLabelsOf } = await import(pathToFileURL(source).href);

const records = [
  ["waving hand", "emoji"],
  ["waving hand, dark skin tone", "skin tone"],
  ["man artist, dark skin tone", "skin tone"],
  ["man artist medium light", "skin tone"],
  ["artist", "emoji"],
  ["man artist", "gendered"],
  ["woman artist", "gendered"],
  ["man’s shoe", "emoji"],
  ["red apple", "emoji"],
  ["people holding hands dark skin tone light skin tone", "skin tone"],
  ["flag of Kenya", "flag"],
  ["flag of Japan", "flag"],
  ["flag of Japan", "flag"],
].map(([label, kind]) => ({ label, kind }));

test("skin tones and genders are those of people and gestures that are drawn in tones", () => {
  const { tone, gender } = groupsOf(records);
  expect(tone).toEqual({
    neutral: ["man artist", "waving hand"],
    light: [],
    "medium light": ["man artist medium light"],
    medium: [],
    "medium dark": [],
    dark: ["man artist, dark skin tone", "waving hand, dark skin tone"],
  });
  expect(gender).toEqual({
    man: ["man artist", "man artist medium light", "man artist, dark skin tone"],
    woman: [],
    person: [],
  });
});

test("flags belong to continents, and labels that name no gender leave it open", () => {
  expect(groupsOf(records).flag).toEqual({
    africa: ["flag of Kenya"],
    americas: [],
    asia: ["flag of Japan"],
    europe: [],
    oceania: [],
  });
  expect(openLabelsOf(records)).toEqual({ tone: ["artist"], gender: ["artist"] });
});
