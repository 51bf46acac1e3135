import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { startMsMax } from "./tiny-stack.ts";

/**
 * Debian's Chromium, or what CHROMIUM names. Where that is set, as in `.ci/run`, a missing browser fails the tests;
 * elsewhere they are listed as skipped.
 */
export const chromiumPath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether the tests of pages run here. */
export const isBrowserExpected = process.env["CHROMIUM"] !== undefined || existsSync(chromiumPath);

/** How long a page may take for what a test waits for, on a machine that is busy with other work. */
export const waitMsMax = 55_000;

/** Neither a sandbox, which root has none of, nor anything that looks for other hosts. */
export const chromiumSwitches = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page, and what it did that no page may do. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors on the console, exceptions, and requests to other hosts; expected to stay empty. */
  readonly faults: string[];
  /** Every request: "GET http://…". */
  readonly requests: string[];
}

/** One browser for all tests of a file; every page has a profile of its own. */
export function useBrowser(): (url: string, options?: BrowserContextOptions) => Promise<WatchedPage> {
  let browser: Browser | undefined;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumSwitches, headless: true });
  }, startMsMax);

  afterAll(() => browser?.close());

  return async (url, options = {}) => {
    if (browser === undefined) throw new TypeError("The browser has not started.");
    const context = await browser.newContext({ locale: "en-US", ...options });
    context.setDefaultTimeout(waitMsMax);
    const page = await context.newPage();
    return { page, ...watch(page, new URL(url).host) };
  };
}

function watch(page: Page, host: string): Pick<WatchedPage, "faults" | "requests"> {
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    requests.push(`${request.method()} ${request.url()}`);
    if (url.protocol.startsWith("http") && url.host !== host) faults.push(`a request to ${url.host}`);
  });
  return { faults, requests };
}

/** The page has no violation that axe-core calls serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  // Its source is evaluated by the debugger, which the page's policy does not bind.
  await page.evaluate(axe.source);
  const found = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
    readonly violations: readonly {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string }[];
    }[];
  };
  const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}
