import names from "./emoji-names.json" with { type: "json" };

// Emoji → their names of Unicode's CLDR, for a tokenizer that lacks them. `scripts/emoji-names.ts` makes the table, and
// `wuerstchen/models/emoji_words.py` does the same to captions.

/** The longest emoji: two people who kiss, each with a skin tone, joiners and a selector between them. */
const codePointsMax = 10;

const variationSelector = "\uFE0F";
const zeroWidthJoiner = "\u200D";

/** Kana and Chinese characters; explicit, because Python knows no scripts. */
const japanese = /[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;

/** What any emoji holds: a pictograph or symbol, or the frame of a keycap. */
const mayHoldEmoji = /[\u00a9\u00ae\u203c-\u3299\u{1f000}-\u{1ffff}]/u;

/** Emoji, without variation selectors and skin tones → English and Japanese name. */
let table: ReadonlyMap<string, readonly string[]> | undefined;

/**
 * A text with each emoji that `isKnown` denies replaced by its name, in Japanese if the text holds Japanese, else in
 * English: "🍎" → "red apple", "👋🏽" → "waving hand: medium skin tone". Any other text returns as it is. Deterministic,
 * because it decides latent ids.
 */
export function emojiToWords(text: string, isKnown: (emoji: string) => boolean): string {
  if (!mayHoldEmoji.test(text)) return text;
  table ??= new Map(Object.entries(names));
  const language = japanese.test(text) ? 1 : 0;
  const characters = Array.from(text);
  const parts: string[] = [];
  let isChanged = false;
  for (let at = 0; at < characters.length; ) {
    const found = emojiAt(characters, at, table);
    const written = characters.slice(at, found?.end ?? at + 1).join("");
    at = found?.end ?? at + 1;
    if (found === undefined || isKnown(written)) {
      parts.push(written);
      continue;
    }
    isChanged = true;
    parts.push(` ${nameOf(found, language, table)} `);
  }
  return isChanged ? parts.join("").replace(/\s+/gu, " ").trim() : text;
}

interface FoundEmoji {
  /** The code point after it. */
  readonly end: number;
  readonly key: string;
  readonly tones: readonly string[];
}

type Table = ReadonlyMap<string, readonly string[]>;

/** The longest emoji of the table that begins here, with the selectors, tones and joiner after it. */
function emojiAt(characters: readonly string[], start: number, known: Table): FoundEmoji | undefined {
  const tones: string[] = [];
  let key = "";
  let found: FoundEmoji | undefined;
  for (const [offset, character] of characters.slice(start, start + codePointsMax).entries()) {
    if (offset > 0 && isTone(character)) tones.push(character);
    else if (character !== variationSelector) key += character;
    if (known.has(key)) found = { end: start + offset + 1, key, tones: [...tones] };
    else if (found === undefined && offset > 2) return undefined;
  }
  if (found === undefined || characters[found.end] !== zeroWidthJoiner) return found;
  return { ...found, end: found.end + 1 };
}

function isTone(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return point >= 0x1f3fb && point <= 0x1f3ff;
}

/** As Unicode names them: each tone once, in their order, behind a colon. */
function nameOf({ key, tones }: FoundEmoji, language: number, known: Table): string {
  const toneNames = [...new Set(tones)].map((tone) => known.get(tone)?.[language] ?? "");
  const name = known.get(key)?.[language] ?? "";
  return toneNames.length === 0 ? name : `${name}: ${toneNames.join(", ")}`;
}
