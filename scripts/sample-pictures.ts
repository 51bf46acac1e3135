import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import icons from "@iconify-json/marketeq/icons.json" with { type: "json" };
import sharp from "sharp";
import { CommandError, runCommand, wholeNumber } from "./command-line.ts";

const drawings: Readonly<Record<string, { readonly body: string }>> = icons.icons;
const names = Object.keys(drawings);

const help = `Writes icons of one style with captions, to try a proof of concept without pictures of your own.
They come from an icon package that no bundle of this project was trained on: Marketeq by Marketeq, MIT.

  npm run sample:pictures -- --out FOLDER

Options
  --out FOLDER   NAME.png and NAME.txt go there
  --count N      number of icons, spread over the package (default 200; 1 to ${names.length})
  --names A,B    these icons instead
  --help
`;

/** Pixels a side. */
const side = 256;

/** A drawing on transparency as PNG. */
function rasterise(name: string): Promise<Buffer> {
  const box = `0 0 ${icons.width} ${icons.height}`;
  const body = drawings[name]?.body ?? "";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="${box}">${body}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

/** Two drawings of one thing, `axe` and `axe-2`, have one caption. */
const captionOf = (name: string): string => `${name.replace(/-\d+$/u, "").replaceAll("-", " ")}, line icon`;

const spread = (count: number): readonly string[] =>
  names.filter(
    (_, index) => Math.floor((index * count) / names.length) !== Math.floor(((index - 1) * count) / names.length),
  );

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      count: { type: "string" },
      names: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return void process.stdout.write(help);
  if (values.out === undefined) throw new CommandError("Name a folder: --out FOLDER", 2);
  const count = wholeNumber("--count", values.count, { min: 1, max: names.length }) ?? 200;
  const chosen = values.names?.split(",") ?? spread(count);
  const unknown = chosen.filter((name) => drawings[name] === undefined);
  if (unknown.length > 0) throw new CommandError(`--names: no icon is called ${unknown.join(", ")}`, 2);
  mkdirSync(values.out, { recursive: true });
  for (const name of chosen) {
    writeFileSync(join(values.out, `${name}.png`), await rasterise(name));
    writeFileSync(join(values.out, `${name}.txt`), `${captionOf(name)}\n`);
  }
  console.log(`${chosen.length} pictures in ${values.out}`);
});
