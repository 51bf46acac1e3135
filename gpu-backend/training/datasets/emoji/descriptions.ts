import type { Concept } from "./captions.ts";
import type { Look, Patch } from "./look.ts";

/** A thing that a picture is made of, as its names call it, and its look where it is known. */
export interface NamedLook {
  readonly name: string;
  readonly look: Look | undefined;
}

const COLOURS_MAX = 3;
const PART_COLOURS_MAX = 2;
/** A colour that covers this share of a drawing is what the drawing mostly is. */
const MOSTLY_MIN = 0.5;
/** A part is small in its picture: what covers less of it is not seen there. */
const PART_SHARE_MIN = 0.2;
/** `text.tokens_max` is 32, and two stand around a text; rare words of a name have up to five more than counted here. */
const TOKENS_MAX = 25;

/**
 * The long caption of one drawing, of what its pixels say: `apple, mostly red and green at the top, flat style,
 * transparent background`. Null for the many skin tones of one gesture. The colour never stands before the name, so no
 * caption becomes a combination of colour and thing that a model is judged by.
 */
export function descriptionOf({ label, kind }: Concept, style: string, look: Look): string | null {
  if (kind === "skin tone" || look.patches.length === 0) return null;
  const colours = look.patches.slice(0, COLOURS_MAX).map(said);
  return shortened((count) => [label, listed(colours.slice(0, count)), ...groundOf(style, look)], colours.length);
}

/** The long caption of a picture of several things: `a dog wearing a top hat, the dog brown, the top hat black, …`. */
export function compositeDescriptionOf(name: string, parts: readonly NamedLook[], style: string, look: Look): string | null {
  const coloured = parts.flatMap((part) => partSaid(part));
  return shortened((count) => [name, ...coloured.slice(0, count), ...groundOf(style, look)], coloured.length);
}

function said({ colour, share, where }: Patch): string {
  if (share >= MOSTLY_MIN) return `mostly ${colour}`;
  return where === "" ? colour : `${colour} ${where}`;
}

/** Nothing where the name says a colour already. */
function partSaid({ name, look }: NamedLook): readonly string[] {
  const seen = (look?.patches ?? []).filter(({ share }) => share >= PART_SHARE_MIN).slice(0, PART_COLOURS_MAX);
  if (seen.length === 0 || /\b(red|blue|green|yellow)\b/.test(name)) return [];
  return [`the ${name} ${listed(seen.map(({ colour }) => colour))}`];
}

const groundOf = (style: string, { transparent }: Look): readonly string[] => [`${style} style`, transparent ? "transparent background" : "filling the picture"];

function listed(items: readonly string[]): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} and ${last}`;
}

/** The caption with as many colours as it has room for; null where there is room for none. */
function shortened(clauses: (colours: number) => readonly string[], colours: number): string | null {
  for (let count = colours; count > 0; count--) {
    const caption = clauses(count).join(", ");
    if (tokensOf(caption) <= TOKENS_MAX) return caption;
  }
  return null;
}

/** About as many as the text encoder's tokenizer makes of it: it cuts long words that are not common. */
function tokensOf(text: string): number {
  const words = text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
  return words.reduce((count, word) => count + (tokens.get(word) ?? Math.ceil(word.length / 6)), 0);
}

const tokens = new Map([
  ...["transparent", "background", "filling", "picture", "turquoise"].map((word) => [word, 1] as const),
  ["noto", 2],
  ["emojione", 3],
  ["twemoji", 4],
]);
