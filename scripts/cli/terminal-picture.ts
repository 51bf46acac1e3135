import sharp from "sharp";
import { createSupportsTerminalGraphics } from "supports-terminal-graphics";

/** How a terminal shows a picture; undefined: it shows none. */
export type PictureProtocol = "iterm2" | "kitty" | "half-blocks-16m" | "half-blocks-256";

/** Height of a picture in lines. It is as wide as twice that, since a character is twice as high as wide. */
const pictureRowsMax = 16;
const columnsPerRow = 2;

/** The most base64 characters of one kitty escape: https://sw.kovidgoyal.net/kitty/graphics-protocol/ */
const kittyChunk = 4_096;

/** What of a terminal decides how a picture is drawn. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly rows?: number;
  getColorDepth?(): number;
}

/** By the terminal's own variables. Inside tmux and screen, which pass no pictures on, by blocks. */
export function protocolOf(
  terminal: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
): PictureProtocol | undefined {
  if (terminal.isTTY !== true) return undefined;
  const isMultiplexed = environment["TMUX"] !== undefined || environment["STY"] !== undefined;
  if (!isMultiplexed) {
    const { iterm2, kitty } = createSupportsTerminalGraphics({ isTTY: true });
    if (iterm2) return "iterm2";
    if (kitty) return "kitty";
  }
  const bits = terminal.getColorDepth?.() ?? 1;
  if (bits >= 24) return "half-blocks-16m";
  return bits >= 8 ? "half-blocks-256" : undefined;
}

/** Lines that a picture takes; two stay free for the bar. */
export function pictureRows({ rows = 24 }: Terminal): number {
  return Math.max(1, Math.min(pictureRowsMax, rows - 2));
}

/**
 * The text that shows a picture file in `rows` lines from the line of the cursor on, and leaves the cursor below. With
 * `isAgain` it replaces the last one above the cursor.
 */
export async function drawPicture(
  file: Uint8Array,
  { protocol, rows, isAgain }: { readonly protocol: PictureProtocol; readonly rows: number; readonly isAgain: boolean },
): Promise<string> {
  const up = `\u001b[${rows}A\r`;
  if (protocol === "half-blocks-16m" || protocol === "half-blocks-256") {
    return `${isAgain ? up : ""}${await halfBlocks(file, rows, protocol === "half-blocks-16m" ? rgb : paletteColour)}`;
  }
  const png = (await sharp(file).png().toBuffer()).toString("base64");
  const picture = protocol === "kitty" ? kittyPicture(png, rows) : iterm2Picture(png, rows);
  // Lines are made first, since a terminal that scrolls would move the picture; then the cursor is put back.
  return `${isAgain ? "" : "\n".repeat(rows)}${up}\u001b7${picture}\u001b8\u001b[${rows}B\r`;
}

/** https://iterm2.com/documentation-images.html */
function iterm2Picture(base64: string, rows: number): string {
  return `\u001b]1337;File=inline=1;height=${rows};preserveAspectRatio=1:${base64}\u0007`;
}

/** Each picture replaces the one with the same id. */
function kittyPicture(base64: string, rows: number): string {
  const chunks = base64.match(new RegExp(`.{1,${kittyChunk}}`, "gu")) ?? [];
  return chunks
    .map((chunk, index) => {
      const more = index < chunks.length - 1 ? 1 : 0;
      const control = index === 0 ? `a=T,f=100,i=1,q=2,r=${rows},` : "";
      return `\u001b_G${control}m=${more};${chunk}\u001b\\`;
    })
    .join("");
}

type Colour = (red: number, green: number, blue: number) => string;

/** Two pixels a character: the upper one is its foreground, the lower one its background. */
async function halfBlocks(file: Uint8Array, rows: number, colour: Colour): Promise<string> {
  const size = { width: columnsPerRow * rows, height: 2 * rows, fit: "inside" as const };
  const picture = sharp(file).flatten({ background: "white" }).resize(size).toColourspace("srgb").raw();
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => {
    const at = (Math.min(y, info.height - 1) * info.width + x) * info.channels;
    return colour(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
  };
  const line = (row: number) =>
    Array.from({ length: info.width }, (_, x) => `\u001b[38;${pixel(x, 2 * row)}m\u001b[48;${pixel(x, 2 * row + 1)}m▀`);
  const drawn = Math.ceil(info.height / 2);
  const lines = Array.from({ length: rows }, (_, row) => (row < drawn ? `${line(row).join("")}\u001b[0m` : ""));
  return `${lines.join("\n")}\n`;
}

const rgb: Colour = (red, green, blue) => `2;${red};${green};${blue}`;

/** The nearest of the 6×6×6 colours at 16 to 231. */
const paletteColour: Colour = (red, green, blue) => {
  const level = (value: number) => Math.round((value / 255) * 5);
  return `5;${16 + 36 * level(red) + 6 * level(green) + level(blue)}`;
};
