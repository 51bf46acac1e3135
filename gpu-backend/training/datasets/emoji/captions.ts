import { createRequire } from "node:module";
import type { IconSource } from "./sources.ts";

const require = createRequire(import.meta.url);

interface EmojibaseEntry {
  readonly label: string;
  readonly hexcode: string;
  readonly tags?: readonly string[];
  readonly group?: number;
}

/** What one picture shows, in the words of Unicode CLDR where the icon is an emoji, else of its file name. */
export interface Concept {
  /** The plainest name, for example `red apple`. */
  readonly label: string;
  /** Words that mean this concept and at most two others, for example `puppy`. */
  readonly synonyms: readonly string[];
  readonly kind: "emoji" | "flag" | "letter" | "gendered" | "skin tone" | "icon" | "composite";
}

/** Relative share of a draw by kind: five skin tones of one gesture must not outweigh five different objects. */
export const KIND_WEIGHT: Readonly<Record<Concept["kind"], number>> = {
  emoji: 1,
  gendered: 0.5,
  flag: 1,
  letter: 0.3,
  icon: 1,
  composite: 0.5,
  "skin tone": 0.12,
};

const SYNONYM_CONCEPTS_MAX = 3;
const FLAG_GROUP = 9;
const SKIN_TONE = /-((?:medium-)?(?:light|dark)|medium)(-skin-tone)?$/;

const squeeze = (text: string): string =>
  text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * Finds the concept behind an icon name. Built once: reads the CLDR labels, keywords and shortcodes of
 * `emojibase-data`.
 */
export function createConceptFinder(): (source: IconSource, name: string) => Concept | null {
  const entries = (require("emojibase-data/en/data.json") as readonly EmojibaseEntry[]).filter((e) => e.group !== undefined);
  const bySqueezedName = indexByName(entries);
  const conceptsPerTag = countTags(entries);
  return (source, name) => {
    const words = source.words(name);
    if (words === null || squeeze(words) === "") return null;
    const tone = SKIN_TONE.exec(name);
    const entry = bySqueezedName.get(squeeze(words));
    if (entry !== undefined) return conceptOf(entry, conceptsPerTag);
    const untoned = tone === null ? undefined : bySqueezedName.get(squeeze(name.slice(0, tone.index)));
    if (tone !== null && untoned !== undefined) {
      return { label: `${tidy(untoned.label)}, ${dashless(tone[1] ?? "")} skin tone`, synonyms: [], kind: "skin tone" };
    }
    // Firefox names run words together; without a CLDR match they cannot be read.
    if (source.package === "fxemoji") return null;
    if (words.startsWith("flag for ")) return { label: `flag of ${words.slice(9)}`, synonyms: [], kind: "flag" };
    return { label: tidy(words), synonyms: [], kind: tone === null ? "icon" : "skin tone" };
  };
}

function indexByName(entries: readonly EmojibaseEntry[]): ReadonlyMap<string, EmojibaseEntry> {
  const shortcodes = require("emojibase-data/en/shortcodes/emojibase.json") as Readonly<Record<string, string | readonly string[]>>;
  const index = new Map<string, EmojibaseEntry>();
  for (const entry of entries) {
    for (const code of [shortcodes[entry.hexcode] ?? []].flat()) index.set(squeeze(code), entry);
  }
  for (const entry of entries) {
    index.set(squeeze(entry.label), entry);
    if (entry.label.startsWith("flag: ")) index.set(squeeze(`flag for ${entry.label.slice(6)}`), entry);
  }
  return index;
}

function countTags(entries: readonly EmojibaseEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const tag of entries.flatMap((entry) => entry.tags ?? [])) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return counts;
}

function conceptOf(entry: EmojibaseEntry, conceptsPerTag: ReadonlyMap<string, number>): Concept {
  const label = tidy(entry.label);
  const synonyms = (entry.tags ?? []).filter(
    (tag) => /^[a-z][a-z ]{2,}$/.test(tag) && (conceptsPerTag.get(tag) ?? 0) <= SYNONYM_CONCEPTS_MAX && tag !== label,
  );
  return { label, synonyms, kind: kindOf(entry) };
}

function kindOf(entry: EmojibaseEntry): Concept["kind"] {
  if (entry.group === FLAG_GROUP && entry.label.startsWith("flag: ")) return "flag";
  if (/^(regional indicator|keycap)/.test(entry.label)) return "letter";
  return /^(man|woman|men|women)\b./.test(entry.label) ? "gendered" : "emoji";
}

const dashless = (text: string): string => text.replaceAll("-", " ");
/** A label of CLDR as captions write it: no colons, no hyphens. */
export const tidy = (text: string): string =>
  dashless(text).replace(/^flag: (.*)$/, "flag of $1").replaceAll(":", ",").replace(/\s+/g, " ").trim();

/**
 * The captions of one picture. The order is the contract with training: the first is the plain one ("red apple, 3D"),
 * the second puts the style first, the third names no style, the rest use synonyms.
 */
export function captionsOf(concept: Concept, style: string): readonly string[] {
  const synonyms = concept.synonyms.slice(0, 4).map((synonym) => `${synonym}, ${style}`);
  return [`${concept.label}, ${style}`, `${style} ${concept.label}`, concept.label, ...synonyms];
}
