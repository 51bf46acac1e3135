// Remakes the pictures of docs/poc.md from a proof of concept that was run. Needs Debian's Chromium, or CHROMIUM.
//   npm run docs:poc -- --folder ~/pictures --sheet poc/mine/runs/MODEL/stage-c-lora.png \
//     --report poc/mine/report/report.html --report-ja poc/mine-ja/report/report.html
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { chromiumPath, chromiumSwitches } from "../support/browser.ts";

const docs = join(import.meta.dirname, "../../docs");
const quality = 80;
/** A4 at 96 pixels an inch is 794 wide: the height shows verdict, before and after, and the cost. */
const page = { width: 794, height: 1_000 };
const cell = 96;
const columns = 10;

/** The first pictures of a folder, in a grid on white. */
async function folderSheet(folder: string): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".png"));
  const cells = files.slice(0, 2 * columns).map(async (name, index) => ({
    input: await sharp(join(folder, name))
      .resize(cell - 16, cell - 16, { fit: "contain", background: "#ffffff" })
      .flatten({ background: "#ffffff" })
      .extend({ top: 8, bottom: 8, left: 8, right: 8, background: "#ffffff" })
      .png()
      .toBuffer(),
    left: (index % columns) * cell,
    top: Math.floor(index / columns) * cell,
  }));
  const size = { width: columns * cell, height: 2 * cell, channels: 3, background: "#ffffff" } as const;
  await sharp({ create: size })
    .composite(await Promise.all(cells))
    .webp({ quality })
    .toFile(join(docs, "poc-pictures.webp"));
}

async function reportTop(report: string, file: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumSwitches, headless: true });
  try {
    const tab = await browser.newPage({ viewport: page, colorScheme: "light" });
    await tab.goto(pathToFileURL(resolve(report)).href);
    await sharp(await tab.screenshot())
      .webp({ quality })
      .toFile(join(docs, file));
  } finally {
    await browser.close();
  }
}

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { folder: text, sheet: text, report: text, "report-ja": text } });
if (values.folder !== undefined) await folderSheet(values.folder);
if (values.sheet !== undefined) await sharp(values.sheet).webp({ quality }).toFile(join(docs, "poc-training.webp"));
if (values.report !== undefined) await reportTop(values.report, "poc-report.webp");
if (values["report-ja"] !== undefined) await reportTop(values["report-ja"], "poc-report.ja.webp");
