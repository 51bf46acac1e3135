import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { expectAccessible, isBrowserExpected, useBrowser } from "../support/browser.ts";
import { downloadPicture, makePicture, publishedBundle } from "../support/playground.ts";
import { useTinyStack } from "../support/tiny-stack.ts";

/** Of the scripts that the first page loads; the model and its runtime come later and apart. */
const firstLoadBytesMax = 80_000;

describe.runIf(isBrowserExpected)("the playground", () => {
  const stack = useTinyStack(publishedBundle);
  const open = useBrowser();

  async function openPlayground(options: Parameters<typeof open>[1] = {}) {
    const watched = await open(stack().url, { viewport: { width: 1280, height: 900 }, ...options });
    await watched.page.goto(stack().url);
    return watched;
  }

  test("is signed in at once, tells the price before and the steps meanwhile, and shows the API's own bytes", async () => {
    const { page, faults } = await openPlayground();
    await page.getByText("Development key").waitFor();
    await page.getByLabel("What should it show?").fill("lemon");
    await page.getByText(/^up to \$0\.0001$/u).waitFor();
    // A step takes some 10 ms: too short to be looked for from outside.
    await page.evaluate(
      "window.seen = []; new MutationObserver(() => { window.seen.push(document.querySelector('[role=status]')?.textContent, document.querySelector('.working img')?.alt) }).observe(document.body, { subtree: true, childList: true, characterData: true })",
    );
    await page.getByRole("button", { name: "Make picture" }).click();
    await page.getByRole("img", { name: "Picture made by AI for: lemon, 3D" }).waitFor();
    await page.getByText("Stage C ran for this request.").waitFor();
    const seen = await page.evaluate("window.seen");
    expect(seen).toEqual(expect.arrayContaining([expect.stringMatching(/^Step \d+ of 8/u)]));
    expect(seen).toContain("Preview of a picture in the making");

    // Each step of the time has a word of the page's language, and not its name in the API.
    expect(await page.locator(".times").allTextContents()).not.toContainEqual(expect.stringMatching(/[a-z]-[a-z]/u));

    const seed = Number((await page.locator(".facts dd").nth(1).textContent())?.match(/\d+/u)?.[0]);
    const answer = await fetch(`${stack().url}/v1/images/generations`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${stack().apiKey}`,
        "content-type": "application/json",
        accept: "image/png",
      },
      body: JSON.stringify({ prompt: "lemon, 3D", seed }),
    });
    expect(await downloadPicture(page)).toEqual(Buffer.from(await answer.arrayBuffer()));
    expect(faults).toEqual([]);
  });

  test("says the second time that the latent was there, and makes another picture when asked for one", async () => {
    const { page, faults } = await openPlayground();
    await makePicture(page, "cactus");
    const seedOf = async () => page.locator(".facts dd").nth(1).textContent();
    const first = await seedOf();
    await page.getByRole("button", { name: "Make picture" }).click();
    await page.getByText(/The latent was stored|The finished picture was at the edge/u).waitFor();
    expect(await seedOf()).toBe(first);
    await page.getByRole("button", { name: "Again" }).click();
    await page.getByText("Stage C ran for this request.").waitFor();
    expect(await seedOf()).not.toBe(first);
    await page.getByRole("button", { name: "Vary" }).click();
    await page.getByRole("button", { name: "Make variation" }).click();
    await page.getByRole("button", { name: /^Picture 4 of 4/u }).waitFor();
    expect(faults).toEqual([]);
  });

  test("keeps settings in the fragment, which no request carries, and goes back to what was shown", async () => {
    const { page, requests } = await openPlayground();
    await makePicture(page, "pear");
    await makePicture(page, "plum");
    expect(new URL(page.url()).hash).toBe("#prompt=plum");
    await page.goBack();
    await page.getByRole("img", { name: "Picture made by AI for: pear, 3D" }).waitFor();
    expect(await page.getByLabel("What should it show?").inputValue()).toBe("pear");
    expect(requests.filter((request) => /pear|plum/u.test(request))).toEqual([]);
  });

  test("shows code that asks for the same picture again, with the key left out", async () => {
    const { page } = await openPlayground();
    await page.getByText("Advanced").click();
    await page.getByLabel("Seed", { exact: true }).fill("77");
    await makePicture(page, "it's a rose");
    await page.getByRole("button", { name: "Code", exact: true }).click();
    const curl = (await page.locator("pre").textContent()) ?? "";
    expect(curl).not.toContain(stack().apiKey);
    const run = promisify(execFile);
    const { stdout } = await run("bash", ["-c", curl], { env: { ...process.env, KEY: stack().apiKey } });
    const answer = JSON.parse(stdout) as { readonly data: readonly { readonly b64_json: string }[] };
    expect(Buffer.from(answer.data[0]?.b64_json ?? "", "base64")).toEqual(await downloadPicture(page));
  });

  test("stops a run at once, and says what that costs", async () => {
    const { page } = await openPlayground();
    await page.getByText("Advanced").click();
    await page.getByLabel("Steps", { exact: true }).fill("100");
    await page.getByLabel("What should it show?").fill("castle");
    await page.getByText(/^up to/u).waitFor();
    await page.getByRole("button", { name: "Make picture" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    await page
      .getByRole("alert")
      .getByText(/^Stopped\./u)
      .waitFor();
    await makePicture(page, "tower");
  });

  test("can be used by the keyboard alone", async () => {
    const { page } = await openPlayground();
    const press = async (...keys: readonly string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await page.getByLabel("What should it show?").waitFor();
    await press("Tab", "Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("stage");
    await page.getByLabel("What should it show?").focus();
    await page.keyboard.type("rose");
    await press("Tab", "ArrowRight", "Tab", "Enter");
    await page.getByRole("img", { name: "Picture made by AI for: rose, flat" }).waitFor();
  });

  test.each([
    { width: 1280, locale: "en-US", colorScheme: "light", title: "What should it show?" },
    { width: 360, locale: "ja-JP", colorScheme: "dark", title: "何を描きますか？" },
  ] as const)("at $width px in $locale and $colorScheme is accessible, calm, and fits", async (look) => {
    const { width, title, ...options } = look;
    const { page, faults } = await open(stack().url, { viewport: { width, height: 740 }, ...options });
    await page.addInitScript(
      "window.shifts = []; new PerformanceObserver((list) => { for (const { hadRecentInput, value, sources } of list.getEntries()) if (!hadRecentInput) window.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML ?? String(node))]); }).observe({ type: 'layout-shift', buffered: true })",
    );
    await page.goto(stack().url);
    await page.getByLabel(title).fill("tulip");
    await expectAccessible(page);
    await page.locator("form .primary").click();
    await page.locator(".shown img").waitFor();
    await expectAccessible(page);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await page.evaluate("window.shifts")).toEqual([]);
    expect(faults).toEqual([]);
  });

  test("loads at most 80 KB of script first", async () => {
    const { page } = await open(stack().url);
    const scripts: Promise<Buffer>[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.push(response.body());
    });
    await page.goto(stack().url);
    await page.getByLabel("What should it show?").waitFor();
    const bytes = (await Promise.all(scripts)).reduce((sum, script) => sum + gzipSync(script).length, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(firstLoadBytesMax);
  });

  test("the reference reads the API's document here, without another host", async () => {
    const { page, faults } = await open(stack().url);
    await page.goto(`${stack().url}/docs`);
    await page.getByText("/v1/images/generations", { exact: false }).first().waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
    const { page: scriptless } = await open(stack().url, { javaScriptEnabled: false });
    await scriptless.goto(`${stack().url}/docs`);
    await scriptless.getByRole("link", { name: "its description" }).waitFor();
  });
});
