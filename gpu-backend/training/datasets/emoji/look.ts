import { nameOf } from "./colours.ts";

/** One colour of a drawing: its share of what is drawn, and where most of it lies, if that can be said. */
export interface Patch {
  readonly colour: string;
  readonly share: number;
  readonly where: string;
}

/** What a drawing looks like, measured on its pixels. */
export interface Look {
  /** The largest first; what covers little is left out. */
  readonly patches: readonly Patch[];
  readonly transparent: boolean;
}

/** Below this share of what is drawn, a colour is a detail or the soft edge of another. */
const PATCH_SHARE_MIN = 0.06;
/** Share of a colour that lies on one side before it is said to be there. */
const SIDE_SHARE_MIN = 0.85;
const SHADE_SHARE_MIN = 0.6;
const TRANSPARENT_SHARE_MIN = 0.03;
const OPAQUE_ALPHA_MIN = 200;

/** Names of all colours by 5 bits a channel: a drawing has 16,384 pixels and a set 25,000 drawings. */
const names = Array.from({ length: 32 ** 3 }, (_, cell) => {
  const [red, green, blue] = [cell >> 10, (cell >> 5) & 31, cell & 31];
  return nameOf(red * 8 + 4, green * 8 + 4, blue * 8 + 4);
});
const bases = [...new Set(names.map(({ base }) => base))].sort();
const shades = ["", "light", "dark"] as const;
/** What is drawn at a pixel: its base and shade as one number; the last number is nothing. */
const codes = Uint8Array.from(names, ({ base, shade }) => bases.indexOf(base) * shades.length + shades.indexOf(shade));
const NOTHING = 255;

/** Where a colour may lie, in shares of the box that the drawing fills. */
const places: readonly (readonly [words: string, isThere: (x: number, y: number) => boolean])[] = [
  ["at the top", (_, y) => y < 0.45],
  ["at the bottom", (_, y) => y > 0.55],
  ["on the left", (x) => x < 0.45],
  ["on the right", (x) => x > 0.55],
  ["in the middle", (x, y) => Math.abs(x - 0.5) < 0.3 && Math.abs(y - 0.5) < 0.3],
];

/** Cells of a coarse grid over that box, `GRID` a side: a drawing is counted there once for all its colours. */
const GRID = 20;
const gridPlaces = places.map(([words, isThere]) => ({
  words,
  cells: Array.from({ length: GRID ** 2 }, (_, cell) => cell).filter((cell) => isThere(((cell % GRID) + 0.5) / GRID, (Math.floor(cell / GRID) + 0.5) / GRID)),
}));

/** Reads (side, side, 4) bytes with straight alpha. */
export function lookOf(pixels: Uint8Array, side: number): Look {
  const seen = codesOf(pixels);
  const counts = new Uint32Array(bases.length * shades.length);
  const grids = gridsOf(seen, side, counts);
  const drawn = counts.reduce((sum, count) => sum + count, 0);
  const patches = bases
    .map((base, number) => ({ base, grid: grids[number], shares: shades.map((_, shade) => (counts[number * shades.length + shade] ?? 0) / drawn) }))
    .map(({ base, grid, shares }) => ({ grid, colour: shaded(base, shares), share: sumOf(shares) }))
    .filter(({ share }) => share >= PATCH_SHARE_MIN)
    .sort((one, other) => other.share - one.share)
    .map(({ grid, colour, share }) => ({ colour, share, where: whereOf(grid ?? new Uint32Array()) }));
  return { patches, transparent: seen.length - drawn >= TRANSPARENT_SHARE_MIN * seen.length };
}

/** How often each base is seen in each cell of the grid; `counts` gets how often each code is. */
function gridsOf(seen: Uint8Array, side: number, counts: Uint32Array): readonly Uint32Array[] {
  const box = boxOf(seen, side);
  const grids = bases.map(() => new Uint32Array(GRID ** 2));
  for (let y = box.top, row = 0; y < box.top + box.height; y++, row++) {
    const gridRow = Math.floor(((row + 0.5) * GRID) / box.height) * GRID;
    for (let x = box.left, column = 0; column < box.width; x++, column++) {
      const code = seen[y * side + x] ?? NOTHING;
      const grid = grids[Math.floor(code / shades.length)];
      if (grid === undefined) continue;
      counts[code] = (counts[code] ?? 0) + 1;
      const cell = gridRow + Math.floor(((column + 0.5) * GRID) / box.width);
      grid[cell] = (grid[cell] ?? 0) + 1;
    }
  }
  return grids;
}

const sumOf = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);

function codesOf(pixels: Uint8Array): Uint8Array {
  const seen = new Uint8Array(pixels.length / 4).fill(NOTHING);
  for (let cell = 0; cell < seen.length; cell++) {
    const from = cell * 4;
    if ((pixels[from + 3] ?? 0) < OPAQUE_ALPHA_MIN) continue;
    const colour = (((pixels[from] ?? 0) >> 3) << 10) | (((pixels[from + 1] ?? 0) >> 3) << 5) | ((pixels[from + 2] ?? 0) >> 3);
    seen[cell] = codes[colour] ?? NOTHING;
  }
  return seen;
}

/** The colour's word, with its shade where most of it has one. */
function shaded(base: string, shares: readonly number[]): string {
  const shade = shades[shares.findIndex((share) => share >= SHADE_SHARE_MIN * sumOf(shares))] ?? "";
  return shade === "" ? base : `${shade} ${base}`;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What the drawing fills of the picture. */
function boxOf(seen: Uint8Array, side: number): Box {
  let [left, top, right, bottom] = [side, side, -1, -1];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (seen[y * side + x] === NOTHING) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** The place that holds most of a colour; nothing where the colour lies all over. */
function whereOf(grid: Uint32Array): string {
  const held = gridPlaces.map(({ words, cells }) => ({ words, count: cells.reduce((sum, cell) => sum + (grid[cell] ?? 0), 0) }));
  const most = held.reduce((best, place) => (place.count > best.count ? place : best));
  return most.count >= SIDE_SHARE_MIN * grid.reduce((sum, count) => sum + count, 0) ? most.words : "";
}
