// What people call a colour: the eleven words that English has for all of them, and three that emoji need beside these.

/** A colour's word, and whether it is a light or a dark one of its kind. */
export interface ColourName {
  readonly base: string;
  readonly shade: "" | "light" | "dark";
}

/** Hues in degrees up to which a word holds; what is dull or pale is told apart before. */
const HUES = [
  [14, "red"],
  [36, "orange"],
  [68, "yellow"],
  [162, "green"],
  [188, "turquoise"],
  [252, "blue"],
  [296, "purple"],
  [342, "pink"],
  [360, "red"],
] as const;
const BLACK_MAX = 56;
const GREY_CHROMA_MAX = 26;
/** Colder grays have a little more colour: slate is gray. */
const GREY_SATURATION_MAX = 0.17;
const WHITE_MIN = 218;
const DARK_MAX = 105;
const LIGHT_MIN = 190;

/** The name of an sRGB colour, each channel 0 to 255. */
export function nameOf(red: number, green: number, blue: number): ColourName {
  const [brightest, darkest] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const chroma = brightest - darkest;
  const lightness = (brightest + darkest) / 2;
  if (brightest < BLACK_MAX) return plain("black");
  const cold = blue === brightest && chroma < GREY_SATURATION_MAX * brightest;
  if (chroma < GREY_CHROMA_MAX || cold) return lightness > WHITE_MIN ? plain("white") : shaded("gray", { brightest, lightness });
  const hue = hueOf({ red, green, blue }, brightest, chroma);
  const earth = earthOf(hue, brightest, chroma);
  if (earth !== null) return plain(earth);
  const base = HUES.find(([end]) => hue <= end)?.[1] ?? "red";
  if (base === "red" && lightness > 165) return plain("pink");
  return shaded(base, { brightest, lightness });
}

const plain = (base: string): ColourName => ({ base, shade: "" });

function shaded(base: string, { brightest, lightness }: { readonly brightest: number; readonly lightness: number }): ColourName {
  const said = base !== "orange" && base !== "yellow" && base !== "pink";
  return { base, shade: !said ? "" : brightest < DARK_MAX ? "dark" : lightness > LIGHT_MIN ? "light" : "" };
}

/** Brown and beige: the dull and the pale of the hues between red and yellow. */
function earthOf(hue: number, brightest: number, chroma: number): "brown" | "beige" | null {
  const saturation = chroma / brightest;
  if (hue > 52) return null;
  if (brightest >= 200) return hue >= 10 && saturation < 0.42 ? "beige" : null;
  if (hue < 5) return saturation < 0.6 ? "brown" : null;
  return brightest < 150 || saturation < 0.78 ? "brown" : null;
}

function hueOf({ red, green, blue }: { readonly red: number; readonly green: number; readonly blue: number }, brightest: number, chroma: number): number {
  if (brightest === red) return (((green - blue) / chroma) * 60 + 360) % 360;
  return brightest === green ? ((blue - red) / chroma) * 60 + 120 : ((red - green) / chroma) * 60 + 240;
}
