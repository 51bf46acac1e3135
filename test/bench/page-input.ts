// How soon the playground answers input while a picture is decoded on the device: keys are pressed in a real browser
// until the decode has ended. `npm run bench:page -- --help` tells the options. Needs Debian's Chromium, or CHROMIUM.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { startLocalStack } from "../../scripts/local-stack.ts";
import { chromiumPath, chromiumSwitches } from "../support/browser.ts";
import { makePicture, publishedBundle } from "../support/playground.ts";
import { quantile } from "./statistics.ts";

const help = `Options:
  --rounds N   fresh profiles; each decodes once with an empty cache and three times after that (default: 3)`;

const { values: options } = parseArgs({
  options: { help: { type: "boolean", default: false }, rounds: { type: "string", default: "3" } },
});

/** Between two keys: a fast typist's. */
const keyPauseMs = 60;
const decodesPerProfile = 4;
/** What a person takes for at once. */
const goalMs = 100;
/** The least duration that a browser reports of an event. */
const reportedMsMin = 16;

/** What the page's own thread did during one decode. */
interface Watched {
  readonly decodeMs: number;
  readonly keys: number;
  /** Each from its key to the next frame, in milliseconds; those below `reportedMsMin` are left out. */
  readonly events: readonly number[];
  /** The part of each until the page's own handlers had ended. */
  readonly handled: readonly number[];
  /** Tasks of 50 ms and more, in milliseconds. */
  readonly longTasks: readonly number[];
  /** Between frames, in milliseconds. */
  readonly frameGaps: readonly number[];
}

const startWatching = `
  window.watched = { events: [], handled: [], longTasks: [], frameGaps: [] };
  if (window.watching === undefined) {
    window.watching = true;
    new PerformanceObserver((list) => {
      for (const { duration, name, startTime, processingEnd } of list.getEntries()) {
        if (name !== "keydown") continue;
        window.watched.events.push(duration);
        window.watched.handled.push(processingEnd - startTime);
      }
    }).observe({ type: "event", durationThreshold: ${reportedMsMin} });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.watched.longTasks.push(duration);
    }).observe({ type: "longtask" });
    let last = performance.now();
    const frame = (now) => {
      window.watched.frameGaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
`;

async function watchDecode(page: Page): Promise<Watched> {
  await page.evaluate(startWatching);
  await page.getByRole("button", { name: "Decode here", exact: true }).click();
  await page.getByLabel("What should it show?").focus();
  const done = page.getByText(/^Made on this device in/u);
  let keys = 0;
  for (; (await done.count()) === 0; keys += 1) {
    await page.keyboard.press("a");
    await page.waitForTimeout(keyPauseMs);
  }
  const decodeMs = Number((await done.textContent())?.match(/\d+/u)?.[0]);
  const watched = (await page.evaluate("window.watched")) as Omit<Watched, "decodeMs" | "keys">;
  await page.getByRole("button", { name: "Decode here", exact: true }).click();
  return { decodeMs, keys, ...watched };
}

async function watchProfile(browser: Browser, url: string): Promise<readonly Watched[]> {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1_280, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  await makePicture(page, "red apple");
  const decodes: Watched[] = [];
  for (let index = 0; index < decodesPerProfile; index += 1) decodes.push(await watchDecode(page));
  await context.close();
  return decodes;
}

function report(name: string, decodes: readonly Watched[]): void {
  const all = (of: (watched: Watched) => readonly number[]) => decodes.flatMap(of);
  const worst = (values: readonly number[]) => Math.max(0, ...values).toFixed(0);
  const keys = decodes.reduce((sum, decode) => sum + decode.keys, 0);
  const [events, handled] = [all((of) => of.events), all((of) => of.handled)];
  const [longTasks, gaps] = [all((of) => of.longTasks), all((of) => of.frameGaps)];
  const late = events.filter((milliseconds) => milliseconds > goalMs).length;
  print(`${name}: ${decodes.length} decodes of ${decodes.map(({ decodeMs }) => decodeMs).join(", ")} ms`);
  print(
    `  ${keys} keys: handled within ${worst(handled)} ms, shown within ${worst(events)} ms, ${late} above ${goalMs} ms`,
  );
  print(`  ${longTasks.length} tasks of 50 ms or more, at most ${worst(longTasks)} ms`);
  print(`  ${gaps.length} frames, p99 ${quantile(gaps, 0.99).toFixed(0)} ms apart, at most ${worst(gaps)} ms`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const state = mkdtempSync(join(tmpdir(), "bench-page-"));
  const settings = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
  const stack = await startLocalStack({ ...settings, state, bundle: publishedBundle });
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumSwitches, headless: true });
  try {
    const profiles: (readonly Watched[])[] = [];
    for (let round = 0; round < Number(options.rounds); round += 1) {
      profiles.push(await watchProfile(browser, stack.url));
    }
    report(
      "First decode, with an empty cache",
      profiles.flatMap((decodes) => decodes.slice(0, 1)),
    );
    report(
      "Later decodes",
      profiles.flatMap((decodes) => decodes.slice(1)),
    );
  } finally {
    await browser.close();
    await stack.stop();
    rmSync(state, { recursive: true, force: true });
  }
}

if (options.help) print(help);
else await main();
