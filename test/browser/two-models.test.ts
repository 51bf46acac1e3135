import { describe, expect, test } from "vitest";
import type { LatentList } from "../../shared/api/latent-list.ts";
import { expectAccessible, isBrowserExpected, useBrowser } from "../support/browser.ts";
import { tinyAlphaDirectory, tinyDirectory } from "../support/tiny-bundle.ts";
import { useTinyStack } from "../support/tiny-stack.ts";

describe.runIf(isBrowserExpected)("the playground of a service with two models", () => {
  const stack = useTinyStack(tinyDirectory, undefined, [tinyAlphaDirectory]);
  const open = useBrowser();

  async function latents(): Promise<LatentList["data"]> {
    const headers = { authorization: `Bearer ${stack().apiKey}` };
    const response = await fetch(`${stack().url}/v1/latents`, { headers });
    return ((await response.json()) as LatentList).data;
  }

  test("makes pictures by the model that is chosen, and offers what the device can do for the first one alone", async () => {
    const { page, faults } = await open(stack().url, { viewport: { width: 1280, height: 900 } });
    await page.goto(stack().url);
    const prompt = page.getByLabel("What should it show?");
    const make = async (words: string) => {
      await prompt.fill(words);
      await page.getByRole("button", { name: "Make picture" }).click();
      await page.getByRole("img", { name: new RegExp(`^Picture made by AI for: ${words}`, "u") }).waitFor();
    };
    const decodeHere = page.getByRole("button", { name: "Decode here", exact: true });
    await page.getByText("Advanced").click();
    const choice = page.getByRole("combobox", { name: "Model" });
    expect(await choice.locator("option").allTextContents()).toEqual(["Tiny", "Tiny, with alpha"]);
    expect(await choice.inputValue()).toBe("tiny");
    await make("red apple");
    await decodeHere.waitFor();

    await choice.selectOption("tiny-alpha");
    await expectAccessible(page);
    await make("green pear");
    expect(await decodeHere.count()).toBe(0);
    expect((await latents()).map(({ model }) => model)).toEqual(["tiny-alpha", "tiny"]);
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get("model")).toBe("tiny-alpha");

    await page.goBack();
    await page.getByRole("img", { name: /^Picture made by AI for: red apple/u }).waitFor();
    expect(await choice.inputValue()).toBe("tiny");
    await decodeHere.waitFor();
    expect(faults).toEqual([]);
  });

  test("opens with the model that a link names", async () => {
    const { page, faults } = await open(stack().url, { viewport: { width: 360, height: 740 }, locale: "ja-JP" });
    await page.goto(`${stack().url}/#model=tiny-alpha&prompt=cup`);
    await page.getByText("詳細").first().click();
    const choice = page.getByRole("combobox", { name: "モデル" });
    await choice.waitFor();
    expect(await choice.inputValue()).toBe("tiny-alpha");
    await page.getByRole("button", { name: "画像を作る" }).click();
    await page.locator(".shown img").waitFor();
    expect((await latents())[0]?.model).toBe("tiny-alpha");
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(faults).toEqual([]);
  });
});
