import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import sharp from "sharp";

/** The published bundle: the one that the pages' words and examples are for. */
export const publishedBundle = join(import.meta.dirname, "../../gpu-backend/models/emoji-128");

/** Makes a picture as a person would, and waits for it. */
export async function makePicture(page: Page, prompt: string): Promise<void> {
  await page.getByLabel("What should it show?").fill(prompt);
  await page.getByRole("button", { name: "Make picture" }).click();
  await page.getByRole("img", { name: `Picture made by AI for: ${prompt}, 3D` }).waitFor();
}

/** The bytes of the picture that is shown. */
export async function downloadPicture(page: Page): Promise<Buffer> {
  const started = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  return readFile(await (await started).path());
}

/** The picture on a canvas of the page, as PNG. */
export async function pictureOn(canvas: Locator): Promise<Buffer> {
  const url = await canvas.evaluate((element: { toDataURL(type: string): string }) => element.toDataURL("image/png"));
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}

/** Peak signal-to-noise ratio of two picture files of one size in decibels, on white; infinite when they look equal. */
export async function decibelsBetween(a: Buffer, b: Buffer): Promise<number> {
  const [first, second] = await Promise.all(
    [a, b].map((file) => sharp(file).flatten({ background: "white" }).raw().toBuffer()),
  );
  if (first === undefined || first.length !== second?.length) throw new TypeError("The pictures differ in size.");
  const squares = first.reduce((sum, value, index) => sum + (value - (second[index] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / first.length));
}

/** A counter of the backend's metrics. */
export async function counterOf(backendUrl: string, name: string): Promise<number> {
  const text = await (await fetch(`${backendUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, "mu").exec(text)?.[1]);
}
