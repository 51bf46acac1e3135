import fc from "fast-check";
import { expect, test } from "vitest";
import {
  carriers,
  castOf,
  composite,
  createPick,
  hats,
  type Part,
  signs,
} from "../../../gpu-backend/training/datasets/emoji/composites.ts";

/** A drawing with a gradient of a name that others use too. */
const drawing = (label: string): Part => ({
  label,
  svg: `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128" viewBox="0 0 32 32"><linearGradient id="g"/><path stroke-width="2" fill="url(#g)"/><use href="#g"/></svg>`,
});

const cast = castOf(
  [...hats, ...carriers, ...signs, "dog face", "cat face", "grinning face", "apple", "green apple", "fox", "shoes"].map(
    drawing,
  ),
);

const made = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seed) => composite(cast, createPick(seed)));

test("a picture of several things is a function of its seed", () => {
  const many = (seed: number) => {
    const pick = createPick(seed);
    return Array.from({ length: 50 }, () => composite(cast, pick));
  };
  expect(many(7)).toEqual(many(7));
  expect(many(7)).not.toEqual(many(8));
  expect(new Set(many(7).map(({ label }) => label)).size).toBeGreaterThan(20);
});

test("no two parts of a picture share an id, each reference has its own, and no line is thicker than before", () => {
  fc.assert(
    fc.property(made, ({ svg }) => {
      const ids = Array.from(svg.matchAll(/ id="([^"]+)"/gu), ([, id]) => id);
      const used = Array.from(svg.matchAll(/(?:url\(#|href="#)([^)"]+)/gu), ([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(used)).toEqual(new Set(ids));
      expect(svg.match(/stroke-width="2"/gu)).toHaveLength(ids.length);
    }),
  );
});

test("each name says what is drawn: faces wear hats, and two things never share a word", () => {
  fc.assert(
    fc.property(made, ({ label, others, svg }) => {
      expect(others.length).toBeGreaterThan(0);
      expect(`${label} ${others.join(" ")}`).not.toMatch(/ {2}|undefined|grinning|shoes|\ba [aeio]/u);
      expect(label).not.toMatch(/apple .*apple/u);
      const drawings = svg.match(/viewBox="0 0 32 32"/gu)?.length;
      expect(drawings).toBe({ two: 2, three: 3, four: 4 }[label.split(" ")[0] ?? ""] ?? 2);
    }),
  );
});
