// Pictures of two or more things, made of the drawings of one style: "X with Y" exists in no icon package.

import { isCounted, plural } from "./plural.ts";

/** A drawing that can be part of a picture. */
export interface Part {
  /** The plainest name, for example `red apple`. */
  readonly label: string;
  /** A whole SVG document with a `viewBox`. */
  readonly svg: string;
}

/** A picture of several parts. */
export interface Composite {
  /** The plain name, for example `dog with a top hat`. */
  readonly label: string;
  /** Other ways to say it, the longest first. */
  readonly others: readonly string[];
  readonly svg: string;
  /** What it is made of, each part once, by the name that the picture's names have for it. */
  readonly parts: readonly NamedPart[];
}

/** A part, and what the names of a picture call it: `dog` for the drawing `dog face`. */
export interface NamedPart {
  readonly name: string;
  readonly part: Part;
}

/** Where a part is drawn, in shares of the picture's side. */
interface Place {
  readonly part: Part;
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** What people and animals wear: drawn on the head. */
export const hats = ["top hat", "crown", "graduation cap", "billed cap", "woman’s hat", "rescue worker’s helmet", "military helmet"];
/** What bears a sign on it. */
export const carriers = ["t shirt", "balloon", "hot beverage", "wrapped gift", "shield", "envelope", "shopping bags", "pot of food", "door", "backpack"];
/** What is put on them. */
export const signs = ["star", "red heart", "blue heart", "green heart", "yellow heart", "sun", "cherry blossom", "crescent moon", "snowflake", "fire", "key", "musical note"];

/** Picks one of a list. Throws `RangeError` for an empty one. */
export type Pick = <Item>(items: readonly Item[]) => Item;

/** A generator of picks that are a function of the seed: mulberry32. */
export function createPick(seed: number): Pick {
  let state = seed >>> 0;
  return (items) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const item = items[Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * items.length)];
    if (item === undefined) throw new RangeError("Nothing to pick from.");
    return item;
  };
}

/** The parts that one style has for each role. */
export interface Cast {
  readonly things: readonly Part[];
  readonly faces: readonly Part[];
  readonly hats: readonly Part[];
  readonly carriers: readonly Part[];
  readonly signs: readonly Part[];
}

/** Sorts the drawings of a style into roles. Things are whatever has a short name that can be counted. */
export function castOf(parts: readonly Part[]): Cast {
  const withLabels = (labels: readonly string[]) => parts.filter(({ label }) => labels.includes(label));
  return {
    things: parts.filter(({ label }) => /^[a-z]+( [a-z]+)?$/.test(label) && !/(face|button|symbol|sign|mark|clock|hand|suit|circle|square|control|small|big)\b|s$/.test(label) && isCounted(label)),
    faces: parts.filter(({ label }) => /^[a-z]+ face$/.test(label) && animals.has(label.replace(" face", ""))),
    hats: withLabels(hats),
    carriers: withLabels(carriers),
    signs: withLabels(signs),
  };
}

const animals = new Set(["dog", "cat", "mouse", "rabbit", "tiger", "cow", "pig", "monkey", "horse", "dragon"]);

/** How many pictures of a hundred are of each arrangement. */
const arrangements: readonly (readonly [share: number, make: (cast: Cast, pick: Pick) => Composite])[] = [
  [24, beside],
  [10, above],
  [12, sized],
  [22, carrying],
  [16, wearing],
  [16, counted],
];

/** One picture, of an arrangement by chance. */
export function composite(cast: Cast, pick: Pick): Composite {
  return pick(arrangements.flatMap(([share, make]) => Array.from({ length: share }, () => make)))(cast, pick);
}

function beside({ things }: Cast, pick: Pick): Composite {
  const [left, right] = twoOf(things, pick);
  return {
    label: `${left.label} and ${right.label}`,
    others: [
      `${a(left)} on the left and ${a(right)} on the right`,
      `${a(right)} to the right of ${a(left)}`,
      `${a(left)} next to ${a(right)}`,
    ],
    svg: picture([
      { part: left, x: 0.01, y: 0.25, side: 0.49 },
      { part: right, x: 0.5, y: 0.25, side: 0.49 },
    ]),
    parts: [left, right].map(named),
  };
}

function above({ things }: Cast, pick: Pick): Composite {
  const [top, bottom] = twoOf(things, pick);
  return {
    label: `${top.label} above ${a(bottom)}`,
    others: [`${a(bottom)} below ${a(top)}`, `${a(top)} at the top and ${a(bottom)} at the bottom`],
    svg: picture([
      { part: top, x: 0.26, y: 0, side: 0.48 },
      { part: bottom, x: 0.26, y: 0.51, side: 0.48 },
    ]),
    parts: [top, bottom].map(named),
  };
}

function sized({ things }: Cast, pick: Pick): Composite {
  const [big, small] = twoOf(things, pick);
  return {
    label: `big ${big.label} and small ${small.label}`,
    others: [`a small ${small.label} beside a big ${big.label}`, `${a(big)} with a small ${small.label}`],
    svg: picture([
      { part: big, x: 0, y: 0.04, side: 0.68 },
      { part: small, x: 0.65, y: 0.62, side: 0.34 },
    ]),
    parts: [big, small].map(named),
  };
}

function carrying({ carriers: bearers, signs: marks }: Cast, pick: Pick): Composite {
  const [bearer, mark] = [pick(bearers), pick(marks)];
  return {
    label: `${bearer.label} with ${a(mark)} on it`,
    others: [`${a(mark)} on ${a(bearer)}`, `${bearer.label} with ${a(mark)}`],
    svg: picture([
      { part: bearer, x: 0, y: 0, side: 1 },
      { part: mark, x: 0.34, y: 0.38, side: 0.32 },
    ]),
    parts: [mark, bearer].map(named),
  };
}

function wearing({ faces, hats: worn }: Cast, pick: Pick): Composite {
  const [face, hat] = [pick(faces), pick(worn)];
  const animal = face.label.replace(" face", "");
  return {
    label: `${animal} with ${a(hat)}`,
    others: [`${article(animal)} wearing ${a(hat)}`, `${a(hat)} on ${article(animal)}`, `${face.label} with ${a(hat)}`],
    svg: picture([
      { part: face, x: 0.13, y: 0.25, side: 0.74 },
      { part: hat, x: 0.27, y: 0, side: 0.46 },
    ]),
    parts: [{ name: animal, part: face }, named(hat)],
  };
}

const counts = [
  ["two", [[0.01, 0.25], [0.5, 0.25]], 0.49],
  ["three", [[0.26, 0.02], [0.01, 0.5], [0.51, 0.5]], 0.48],
  ["four", [[0.01, 0.01], [0.51, 0.01], [0.01, 0.51], [0.51, 0.51]], 0.48],
] as const;

function counted({ things }: Cast, pick: Pick): Composite {
  const part = pick(things);
  const [count, places, side] = pick(counts);
  return {
    label: `${count} ${plural(part.label)}`,
    others: [`a picture of ${count} ${plural(part.label)}`],
    svg: picture(places.map(([x, y]) => ({ part, x, y, side }))),
    parts: [{ name: plural(part.label), part }],
  };
}

const named = (part: Part): NamedPart => ({ name: part.label, part });

/** Two parts that do not share a word, so that no name is read as one thing. */
function twoOf(parts: readonly Part[], pick: Pick): readonly [Part, Part] {
  const first = pick(parts);
  const words = new Set(first.label.split(" "));
  return [first, pick(parts.filter(({ label }) => !label.split(" ").some((word) => words.has(word))))];
}

const article = (name: string): string => `${/^[aeio]/.test(name) ? "an" : "a"} ${name}`;

const a = ({ label }: Part): string => article(label);

/** Later places cover earlier ones. */
function picture(places: readonly Place[]): string {
  const parts = places.map(({ part, x, y, side }, index) => placed(withOwnIds(part.svg, `p${index}-`), { x, y, side }));
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1">${parts.join("")}</svg>`;
}

/** The document as an element of another, at its place. */
function placed(svg: string, { x, y, side }: Omit<Place, "part">): string {
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes: string) => {
    const kept = attributes.replace(/\b(?:width|height|x|y)="[^"]*" ?/g, "");
    return `<svg x="${x}" y="${y}" width="${side}" height="${side}" ${kept}>`;
  });
}

/** Ids that no other part of the picture has: gradients are named, and drawings of one package share names. */
function withOwnIds(svg: string, prefix: string): string {
  return svg
    .replace(/\bid="([^"]+)"/g, `id="${prefix}$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}$1"`);
}
