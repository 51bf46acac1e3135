import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** One icon package, its licence as the package states it, and the word that names its look in a caption. */
export interface IconSource {
  readonly package: string;
  readonly style: string;
  readonly licence: "MIT" | "Apache-2.0" | "CC-BY-4.0";
  readonly author: string;
  /** Share of a training draw that one picture of this set gets, relative to an emoji (1). */
  readonly weight: number;
  /** Turns an icon name into the words that a person would use; `null` leaves the icon out. */
  readonly words: (name: string) => string | null;
}

const dashes = (name: string): string => name.replaceAll("-", " ");
/** `money-bag-2` and `money-bag` are two drawings of one concept. */
const withoutVariantNumber = (name: string): string | null => dashes(name.replace(/-\d+$/, ""));
/** Fluent UI draws one symbol in up to eight sizes; only the 48 and 32 px drawings carry detail at 128 px. */
const largeOnly = (name: string): string | null => (/-(48|32)$/.test(name) ? dashes(name.replace(/-\d+$/, "")) : null);
const withoutFill = (name: string): string | null => dashes(name.replace(/-fill$/, ""));

const regionNames = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
/** The flag of a country by its two letters (ISO 3166-1). */
const flagOf = (name: string): string | null => {
  const region = /^[a-z]{2}$/.test(name) ? regionNames.of(name.toUpperCase()) : undefined;
  return region === undefined ? null : `flag for ${region}`;
};

/**
 * Sets under MIT, Apache-2.0 or CC-BY-4.0 only: share-alike sets (OpenMoji, EmojiOne v1) would bind the weights' users.
 */
export const ICON_SOURCES: readonly IconSource[] = [
  { package: "fluent-emoji", style: "3D", licence: "MIT", author: "Microsoft Corporation", weight: 1, words: dashes },
  { package: "fluent-emoji-flat", style: "flat", licence: "MIT", author: "Microsoft Corporation", weight: 1, words: dashes },
  { package: "noto", style: "noto", licence: "Apache-2.0", author: "Google Inc", weight: 1, words: dashes },
  { package: "noto-v1", style: "blob", licence: "Apache-2.0", author: "Google Inc", weight: 0.7, words: dashes },
  { package: "twemoji", style: "twemoji", licence: "CC-BY-4.0", author: "Twitter", weight: 1, words: dashes },
  { package: "emojione", style: "emojione", licence: "CC-BY-4.0", author: "Emoji One", weight: 0.7, words: dashes },
  { package: "fxemoji", style: "firefox", licence: "Apache-2.0", author: "Mozilla", weight: 0.5, words: (name) => name },
  { package: "streamline-emojis", style: "streamline", licence: "CC-BY-4.0", author: "Streamline", weight: 0.5, words: withoutVariantNumber },
  { package: "fluent-color", style: "fluent icon", licence: "MIT", author: "Microsoft Corporation", weight: 0.5, words: largeOnly },
  { package: "flat-color-icons", style: "flat icon", licence: "MIT", author: "Icons8", weight: 0.5, words: dashes },
  { package: "circle-flags", style: "round", licence: "MIT", author: "HatScripts", weight: 0.7, words: flagOf },
  { package: "flag", style: "rectangular", licence: "MIT", author: "Panayiotis Lipiridis", weight: 0.7, words: (name) => (name.endsWith("-4x3") ? flagOf(name.slice(0, -4)) : null) },
  { package: "meteocons", style: "weather icon", licence: "MIT", author: "Bas Milius", weight: 0.3, words: withoutFill },
];

export interface Icon {
  readonly name: string;
  readonly svg: string;
}

interface IconifyIcon {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
  readonly hidden?: boolean;
}

/**
 * Every drawing of a set as a standalone SVG of `sizePixels` a side, in the package's order. Aliases repeat a drawing
 * and are left out.
 */
export function readIcons(source: IconSource, sizePixels: number): readonly Icon[] {
  const set = require(`@iconify-json/${source.package}/icons.json`) as IconifyIcon & {
    readonly icons: Readonly<Record<string, IconifyIcon>>;
  };
  return Object.entries(set.icons)
    .filter(([, icon]) => icon.hidden !== true)
    .map(([name, icon]) => {
      const box = [icon.left ?? set.left ?? 0, icon.top ?? set.top ?? 0, icon.width ?? set.width ?? 16, icon.height ?? set.height ?? 16];
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${sizePixels}" height="${sizePixels}" viewBox="${box.join(" ")}">${icon.body}</svg>`;
      return { name, svg };
    });
}
