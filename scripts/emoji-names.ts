import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

// Remakes shared/prompt/emoji-names.json from Unicode's CLDR. Its packages have 58 MB, which every `npm ci` would fetch
// for a file that changes once a year, so they are fetched here alone, at a fixed version. Licence: Unicode-3.0.
// Source: https://github.com/unicode-org/cldr-json, https://unicode.org/reports/tr35/tr35-general.html#Annotations

const version = "48.2.0";
const target = new URL("../shared/prompt/emoji-names.json", import.meta.url);

const entrySchema = z.object({ tts: z.array(z.string()).min(1).optional() });
const partSchema = z.object({ annotations: z.record(z.string(), entrySchema) });
const fileSchema = z.union([
  z.object({ annotations: partSchema }).transform((file) => file.annotations.annotations),
  z.object({ annotationsDerived: partSchema }).transform((file) => file.annotationsDerived.annotations),
]);

const folder = mkdtempSync(join(tmpdir(), "cldr-"));
try {
  const install = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder];
  const packages = ["cldr-annotations-full", "cldr-annotations-derived-full"].map((name) => `${name}@${version}`);
  execFileSync("npm", [...install, ...packages], { stdio: "inherit" });
  const english = namesIn("en");
  const japanese = namesIn("ja");
  const rows = [...english].map(([emoji, name]) => [emoji, [name, japanese.get(emoji) ?? name]] as const);
  const lines = rows.map(([emoji, names]) => `${JSON.stringify(emoji)}: ${JSON.stringify(names)}`);
  writeFileSync(target, `{\n${lines.join(",\n")}\n}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Emoji without variation selectors → its short name ("tts"). Skin tones have entries of their own and no compounds.
 */
function namesIn(language: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const character of "0123456789#*") names.set(`${character}\u20E3`, character);
  for (const [emoji, { tts }] of [...annotations("", language), ...annotations("Derived", language)]) {
    const bare = emoji.replaceAll("\uFE0F", "");
    const isEmoji = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier})/u.test(bare);
    if (isEmoji && tts !== undefined && !/.\p{Emoji_Modifier}/u.test(bare)) names.set(bare, tts[0] ?? "");
  }
  return new Map([...names].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function annotations(kind: "" | "Derived", language: string) {
  const path = `cldr-annotations${kind === "" ? "" : "-derived"}-full/annotations${kind}/${language}/annotations.json`;
  const text = readFileSync(join(folder, "node_modules", path), "utf8");
  return Object.entries(fileSchema.parse(JSON.parse(text)));
}
