import { createHash } from "node:crypto";
import { mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { type Concept, captionsOf, createConceptFinder, KIND_WEIGHT } from "./captions.ts";
import { groupsOf, openLabelsOf } from "./groups.ts";
import { type Cast, type Composite, castOf, composite, createPick } from "./composites.ts";
import { ICON_SOURCES, type Icon, type IconSource, readIcons } from "./sources.ts";

const HELP = `Usage: npm run build -- --out DIR [--size 128] [--composites 0] [--without FILE]

Rasterises the icon packages and writes, in one order:
  DIR/images.rgba     raw bytes, (N, size, size, 4), 8 bit sRGB and straight alpha
  DIR/records.jsonl   one line a picture: source, licence, captions, kind, weight
  DIR/groups.json     skin tones, genders, flags by continent: the groups that reports compare
  DIR/open.json       labels that leave tone and gender open
  --composites   so many pictures more, of two or more things each: "dog with a top hat", "three lemons"
  --without      captions, one a line, that none of these pictures may have: those that a model is judged by
Icons that cannot be drawn are listed in DIR/skipped.txt and do not stop the run.`;

interface Drawing {
  readonly source: IconSource;
  readonly icon: Icon;
  readonly concept: Concept;
  /** Whole captions of its own, which take the place of those of the concept. */
  readonly captions?: readonly string[];
}

interface BuildOptions {
  readonly sizePixels: number;
  readonly composites: number;
  readonly without: readonly string[];
}

/** Sets that draw whole things, on a ground of nothing, in one style each. */
const COMPOSITE_STYLES = ["3D", "flat", "noto", "twemoji"];
const COMPOSITE_SEED = 2306;

function listDrawings(sizePixels: number): readonly Drawing[] {
  const findConcept = createConceptFinder();
  return ICON_SOURCES.flatMap((source) =>
    readIcons(source, sizePixels).flatMap((icon) => {
      const concept = findConcept(source, icon.name);
      return concept === null ? [] : [{ source, icon, concept }];
    }),
  );
}

/** So many pictures of several things, in turn of each style. The same options give the same pictures. */
function listComposites(drawings: readonly Drawing[], { composites, without }: BuildOptions): readonly Drawing[] {
  const casts = COMPOSITE_STYLES.map((style) => {
    const own = drawings.filter(({ source, concept }) => source.style === style && concept.kind === "emoji");
    return { source: own[0]?.source, cast: castOf(own.map(({ icon, concept }) => ({ label: concept.label, svg: icon.svg }))) };
  });
  const pick = createPick(COMPOSITE_SEED);
  const forbidden = new Set(without);
  return Array.from({ length: composites }, (_, index) => {
    const { source, cast } = casts[index % casts.length] ?? {};
    if (source === undefined || cast === undefined) throw new Error("A style of the composites has no drawings.");
    return compositeDrawing(source, allowed(cast, pick, forbidden), index);
  });
}

/** Draws lots until none of its names is forbidden. */
function allowed(cast: Cast, pick: ReturnType<typeof createPick>, forbidden: ReadonlySet<string>): Composite {
  for (;;) {
    const made = composite(cast, pick);
    if (![made.label, ...made.others].some((name) => forbidden.has(name))) return made;
  }
}

function compositeDrawing(source: IconSource, { label, others, svg }: Composite, index: number): Drawing {
  const [longest = label, ...more] = others;
  const captions = [`${label}, ${source.style}`, `${longest}, ${source.style}`, label, ...more.map((name) => `${name}, ${source.style}`)];
  return { source, icon: { name: `composite-${index}`, svg }, concept: { label, synonyms: [], kind: "composite" }, captions };
}

/** (size, size, 4) bytes with straight alpha. The drawing fills the square, keeping its aspect ratio. */
function rasterise(svg: string, sizePixels: number): Promise<Buffer> {
  return sharp(Buffer.from(svg))
    .resize(sizePixels, sizePixels, { fit: "contain", background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .ensureAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

/** A digest of what the picture looks like on white: drawings that differ only behind full transparency are one. */
function digestOnWhite(pixels: Buffer): string {
  const flat = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    const alpha = pixels.readUInt8(from + 3);
    for (let channel = 0; channel < 3; channel++) {
      flat[to++] = Math.round((pixels.readUInt8(from + channel) * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return createHash("sha256").update(flat).digest("hex");
}

const recordOf = ({ source, icon, concept, captions }: Drawing) => ({
  id: `${source.package}/${icon.name}`,
  licence: source.licence,
  style: source.style,
  label: concept.label,
  kind: concept.kind,
  weight: source.weight * KIND_WEIGHT[concept.kind],
  captions: captions ?? captionsOf(concept, source.style),
});

async function build(directory: string, options: BuildOptions): Promise<void> {
  const { sizePixels } = options;
  mkdirSync(directory, { recursive: true });
  const icons = listDrawings(sizePixels);
  const drawings = [...icons, ...listComposites(icons, options)];
  const images = openSync(join(directory, "images.rgba"), "w");
  const records: ReturnType<typeof recordOf>[] = [];
  const skipped: string[] = [];
  const seen = new Set<string>();
  for (const [index, drawing] of drawings.entries()) {
    const pixels = await rasterise(drawing.icon.svg, sizePixels).catch(() => null);
    const drawable = pixels !== null && pixels.length === sizePixels * sizePixels * 4;
    const digest = drawable ? digestOnWhite(pixels) : "";
    if (!drawable || seen.has(digest)) {
      skipped.push(`${drawing.source.package}/${drawing.icon.name}\t${drawable ? "duplicate" : "not drawable"}`);
      continue;
    }
    seen.add(digest);
    writeSync(images, pixels);
    records.push(recordOf(drawing));
    if (index % 100 === 0) process.stderr.write(`\r${index + 1}/${drawings.length} ${drawing.source.package}      `);
  }
  writeFileSync(join(directory, "records.jsonl"), `${records.map((record) => JSON.stringify(record)).join("\n")}\n`);
  writeFileSync(join(directory, "groups.json"), `${JSON.stringify(groupsOf(records), null, 1)}\n`);
  writeFileSync(join(directory, "open.json"), `${JSON.stringify(openLabelsOf(records), null, 1)}\n`);
  writeFileSync(join(directory, "skipped.txt"), `${skipped.join("\n")}\n`);
  process.stderr.write(`\r${records.length} pictures written, ${skipped.length} skipped\n`);
}

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    size: { type: "string", default: "128" },
    composites: { type: "string", default: "0" },
    without: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help === true || values.out === undefined) {
  process.stdout.write(`${HELP}\n`);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  const without = values.without === undefined ? [] : readFileSync(values.without, "utf8").split("\n");
  await build(values.out, { sizePixels: Number(values.size), composites: Number(values.composites), without });
}
