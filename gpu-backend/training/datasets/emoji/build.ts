import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { listDrawings, type SetOptions } from "./drawings.ts";
import { groupsOf, openLabelsOf } from "./groups.ts";
import { lookOf } from "./look.ts";
import { drawnPictures, keptPictures } from "./pictures.ts";
import { createRecorder, type PictureRecord } from "./records.ts";

const HELP = `Usage: npm run build -- --out DIR [--size 128] [--composites 0] [--without FILE] [--records-only]

Rasterises the icon packages and writes, in one order:
  DIR/images.rgba     raw bytes, (N, size, size, 4), 8 bit sRGB and straight alpha
  DIR/records.jsonl   one line a picture: source, licence, captions, kind, weight, and a long caption of its colours
  DIR/groups.json     skin tones, genders, flags by continent: the groups that reports compare
  DIR/open.json       labels that leave tone and gender open
  --composites   so many pictures more, of two or more things each: "dog with a top hat", "three lemons"
  --without      captions, one a line, that none of these pictures may have: those that a model is judged by
  --records-only reads the pictures that the same options wrote to DIR, and writes all but them anew
Icons that cannot be drawn are listed in DIR/skipped.txt and do not stop the run.`;

async function build(directory: string, options: SetOptions, recordsOnly: boolean): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const drawings = listDrawings(options);
  const pictures = recordsOnly ? keptPictures : drawnPictures;
  const record = createRecorder();
  const records: PictureRecord[] = [];
  for await (const [drawing, pixels] of pictures(directory, drawings, options.sizePixels)) {
    records.push(record(drawing, lookOf(pixels, options.sizePixels)));
    if (records.length % 100 === 0) process.stderr.write(`\r${records.length}/${drawings.length} ${drawing.source.package}      `);
  }
  writeFileSync(join(directory, "records.jsonl"), `${records.map((line) => JSON.stringify(line)).join("\n")}\n`);
  writeFileSync(join(directory, "groups.json"), `${JSON.stringify(groupsOf(records), null, 1)}\n`);
  writeFileSync(join(directory, "open.json"), `${JSON.stringify(openLabelsOf(records), null, 1)}\n`);
  process.stderr.write(`\r${records.length} pictures written, ${drawings.length - records.length} skipped\n`);
}

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    size: { type: "string", default: "128" },
    composites: { type: "string", default: "0" },
    without: { type: "string" },
    "records-only": { type: "boolean", default: false },
    help: { type: "boolean" },
  },
});
if (values.help === true || values.out === undefined) {
  process.stdout.write(`${HELP}\n`);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  const without = values.without === undefined ? [] : readFileSync(values.without, "utf8").split("\n");
  const options = { sizePixels: Number(values.size), composites: Number(values.composites), without };
  await build(values.out, options, values["records-only"]);
}
