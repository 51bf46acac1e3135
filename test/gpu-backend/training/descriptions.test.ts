import sharp from "sharp";
import { expect, test } from "vitest";
import { nameOf } from "../../../gpu-backend/training/datasets/emoji/colours.ts";
import { compositeDescriptionOf, descriptionOf } from "../../../gpu-backend/training/datasets/emoji/descriptions.ts";
import { lookOf } from "../../../gpu-backend/training/datasets/emoji/look.ts";

const side = 64;

/** The look of what an SVG draws in a square of 100. */
async function look(body: string) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 100 100">${body}</svg>`;
  return lookOf(await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer(), side);
}

const concept = (label: string) => ({ label, synonyms: [], kind: "emoji" as const });
const apple = `<circle cx="50" cy="60" r="35" fill="#dd2e44"/><path d="M40 5h20v18H40z" fill="#77b255"/>`;

test("a description says the colours of a drawing by area, where they lie, the style and the ground", async () => {
  expect(descriptionOf(concept("apple"), "flat", await look(apple))).toBe(
    "apple, mostly red and green at the top, flat style, transparent background",
  );
  const flag = await look(
    `<path fill="#0055a4" d="M0 0h34v100H0z"/><path fill="#fff" d="M34 0h32v100H34z"/><path fill="#ef4135" d="M66 0h34v100H66z"/>`,
  );
  expect(descriptionOf(concept("flag of France"), "round", flag)).toMatch(
    /^flag of France, (?:blue on the left|red on the right|white), .*, round style, filling the picture$/u,
  );
});

test("what is too small or too faint to be seen is not said", async () => {
  const specks = `${apple}<circle cx="50" cy="60" r="4" fill="#00f"/><path fill="#ff0" fill-opacity=".2" d="M0 0h100v20H0z"/>`;
  expect(descriptionOf(concept("apple"), "flat", await look(specks))).not.toMatch(/blue|yellow/u);
  expect(descriptionOf(concept("nothing"), "flat", await look(""))).toBeNull();
});

test("of several things, each has its colours, unless its name says one", async () => {
  const [dog, hat, whole] = await Promise.all([
    look(`<circle cx="50" cy="50" r="40" fill="#a0522d"/>`),
    look(`<path d="M10 10h80v80H10z" fill="#222"/>`),
    look(`<circle cx="50" cy="60" r="35" fill="#a0522d"/><path d="M35 5h30v25H35z" fill="#222"/>`),
  ]);
  const parts = [
    { name: "dog", look: dog },
    { name: "top hat", look: hat },
  ];
  expect(compositeDescriptionOf("a dog wearing a top hat", parts, "3D", whole)).toBe(
    "a dog wearing a top hat, the dog brown, the top hat black, 3D style, transparent background",
  );
  const named = [
    { name: "red heart", look: dog },
    { name: "unknown", look: undefined },
  ];
  expect(compositeDescriptionOf("a red heart on a shield", named, "3D", whole)).toBeNull();
});

test("a long name leaves room for fewer colours, and a tone of skin has no description", async () => {
  const long = "family, man, woman, girl, boy and another name";
  const said = descriptionOf(concept(long), "flat", await look(apple));
  expect(said).toBe(`${long}, mostly red, flat style, transparent background`);
  expect(
    descriptionOf({ ...concept("waving hand, dark skin tone"), kind: "skin tone" }, "flat", await look(apple)),
  ).toBeNull();
});

test("colours have the names that people give them", () => {
  const named = (rgb: string) => {
    const { base, shade } = nameOf(
      ...((rgb.match(/../gu) ?? []).map((pair) => Number.parseInt(pair, 16)) as [number, number, number]),
    );
    return `${shade} ${base}`.trim();
  };
  const samples = {
    black: "000000 222222",
    white: "ffffff f5f8fa",
    gray: "99aab5 808080",
    "light gray": "ccd6dd d8d8d8",
    red: "dd2e44 be1931",
    orange: "f4900c ff822d",
    yellow: "ffcc4d ffc83d fcea2b",
    green: "77b255 5c913b 00d26a",
    "dark green": "004d00",
    blue: "226699 3b88c3 0074ba",
    "light blue": "bbddf5 8cd9ff",
    purple: "744eaa 9266cc",
    pink: "f4abba ff6dc6 ea4aaa",
    brown: "662113 8a4b38 c1694f",
    beige: "f7dece e0c9a6",
    turquoise: "00b5ad 1abc9c",
  };
  for (const [name, colours] of Object.entries(samples)) {
    for (const colour of colours.split(" ")) expect([colour, named(colour)]).toEqual([colour, name]);
  }
});
