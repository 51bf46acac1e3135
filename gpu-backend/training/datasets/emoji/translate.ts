import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { tidy } from "./captions.ts";

const HELP = `Usage: npm run translate -- --language ja --out ../../configs/languages/ja.cldr.json

Writes what Unicode CLDR calls the emoji in another language, for the text encoder to learn:
  names  [English caption label, name] of every emoji
  words  [keyword, the English label or keyword that stands at the same emoji]`;

interface Entry {
  readonly hexcode: string;
  readonly label: string;
  readonly tags?: readonly string[];
  readonly group?: number;
}

/** Two sets of emoji overlap this much (Dice coefficient, 0…1) before their keywords count as translations. */
const DICE_MIN = 0.75;
const LICENCE = "Unicode-3.0 (CLDR annotations, https://www.unicode.org/license.txt), through emojibase-data 17.0.0 (MIT)";

const require = createRequire(import.meta.url);
const readEntries = (language: string): readonly Entry[] =>
  (require(`emojibase-data/${language}/data.json`) as readonly Entry[]).filter((entry) => entry.group !== undefined);

/** Words of an entry to the emoji (hexcodes) that have them. */
function emojiByWord(entries: readonly Entry[], words: (entry: Entry) => readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const index = new Map<string, Set<string>>();
  for (const entry of entries) {
    for (const word of words(entry)) index.set(word, (index.get(word) ?? new Set()).add(entry.hexcode));
  }
  return index;
}

const englishWords = (entry: Entry): readonly string[] => [tidy(entry.label), ...(entry.tags ?? [])];
/** Keywords of one word; those in Latin letters need no translation. */
const foreignWords = (entry: Entry): readonly string[] => (entry.tags ?? []).filter((tag) => /^[^\P{L}a-z]{1,12}$/iu.test(tag));

/** The best overlap wins; of equal ones the first, and an emoji's label comes before its keywords. */
function alignWords(english: readonly Entry[], foreign: readonly Entry[]): readonly (readonly [string, string])[] {
  const emojiByEnglish = emojiByWord(english, englishWords);
  const wordsByEmoji = new Map(english.map((entry) => [entry.hexcode, englishWords(entry)]));
  return [...emojiByWord(foreign, foreignWords)].flatMap(([word, emoji]) => {
    let best = { dice: 0, english: "" };
    for (const candidate of new Set([...emoji].flatMap((hexcode) => wordsByEmoji.get(hexcode) ?? []))) {
      const dice = diceOf(emoji, emojiByEnglish.get(candidate) ?? new Set());
      if (dice > best.dice) best = { dice, english: candidate };
    }
    return best.dice >= DICE_MIN ? [[word, best.english] as const] : [];
  });
}

const diceOf = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => (2 * [...a].filter((x) => b.has(x)).length) / (a.size + b.size);

/** CLDR writes a flag as `旗: 日本`; people say `日本の旗`. */
const spoken = (name: string): string => name.replace(/^旗: (.*)$/, "$1の旗");

function translate(language: string, out: string): void {
  const english = readEntries("en");
  const foreign = readEntries(language);
  const labels = new Map(english.map((entry) => [entry.hexcode, tidy(entry.label)]));
  const names = foreign.map((entry) => [labels.get(entry.hexcode), spoken(entry.label)]);
  const words = alignWords(english, foreign);
  const lines = (pairs: readonly unknown[]): string => pairs.map((pair) => JSON.stringify(pair)).join(",\n");
  writeFileSync(out, `{"licence": ${JSON.stringify(LICENCE)},\n"names": [\n${lines(names)}\n],\n"words": [\n${lines(words)}\n]}\n`);
  process.stderr.write(`${names.length} names and ${words.length} words written\n`);
}

const { values } = parseArgs({ options: { language: { type: "string" }, out: { type: "string" }, help: { type: "boolean" } } });
if (values.help === true || values.language === undefined || values.out === undefined) {
  process.stdout.write(`${HELP}\n`);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  translate(values.language, values.out);
}
