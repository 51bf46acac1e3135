// Remakes the README's picture of the playground: `npm run docs:screenshot`. Needs Debian's Chromium, or CHROMIUM.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { startLocalStack } from "../../scripts/local-stack.ts";
import { chromiumPath, chromiumSwitches } from "../support/browser.ts";
import { makePicture, publishedBundle } from "../support/playground.ts";

const target = join(import.meta.dirname, "../../docs/playground.webp");
const things = ["lemon", "cactus", "red apple"];
const quality = 80;
const size = { width: 1_180, height: 850 };
/** Device pixels a CSS pixel: sharp where a reader's screen is. */
const scale = 1.5;

/** Playwright writes PNG and JPEG only; the browser itself writes WebP, at a tenth of the size. */
async function capture(page: Page): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", {
    format: "webp",
    quality,
    clip: { x: 0, y: 0, ...size, scale },
  });
  return Buffer.from(data, "base64");
}

const state = mkdtempSync(join(tmpdir(), "screenshot-"));
const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
const stack = await startLocalStack({ ...options, state, bundle: publishedBundle });
const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumSwitches, headless: true });
try {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: size,
  });
  const page = await context.newPage();
  await page.goto(stack.url);
  for (const thing of things) await makePicture(page, thing);
  await page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)");
  writeFileSync(target, await capture(page));
} finally {
  await browser.close();
  await stack.stop();
  rmSync(state, { recursive: true, force: true });
}
