import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { LatentList } from "../../shared/api/latent-list.ts";
import type { BalanceResponse } from "../../shared/api/money.ts";
import type { UsageList } from "../../shared/api/usage.ts";
import { expectAccessible, isBrowserExpected, useBrowser, waitMsMax } from "../support/browser.ts";
import { publishedBundle } from "../support/playground.ts";
import { startStripe } from "../support/stripe.ts";
import { useTinyStack } from "../support/tiny-stack.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";

/** Of the scripts that a page loads first. */
const firstLoadBytesMax = 80_000;

const looks = [
  { width: 1280, locale: "en-US", colorScheme: "light" },
  { width: 360, locale: "ja-JP", colorScheme: "dark" },
] as const;

/** Layout shifts that no input caused, since the page began. */
const layoutShifts = `(() => {
  const observer = new PerformanceObserver(() => {});
  observer.observe({ type: "layout-shift", buffered: true });
  return observer.takeRecords().filter((shift) => !shift.hadRecentInput).map(({ value }) => value);
})()`;

describe.runIf(isBrowserExpected)("the pages of an account", () => {
  let stripe: Awaited<ReturnType<typeof startStripe>>;
  const stack = useTinyStack(publishedBundle, async () => {
    stripe = await startStripe();
    return stripe.settings;
  });
  afterAll(() => stripe.stop());
  const open = useBrowser();

  async function openPage(path: string, options: Parameters<typeof open>[1] = {}) {
    const watched = await open(stack().url, { viewport: { width: 1280, height: 900 }, ...options });
    await watched.page.goto(`${stack().url}${path}`);
    return watched;
  }

  async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/json" };
    const response = await fetch(`${stack().url}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok).toBe(true);
    return (await response.json()) as Answer;
  }

  const spent = async () => (await call<BalanceResponse>("GET", "/v1/balance")).spent_micro_usd;
  const make = (prompt: string, seed: number) => call("POST", "/v1/images/generations", { prompt, seed });

  test("the gallery shows what was made, newest first, again for the price on its button, and deletes it", async () => {
    await make("a red apple", 5);
    await make("a green pear", 6);
    const before = await spent();
    const { page, faults } = await openPage("/gallery");
    const tiles = page.getByRole("list", { name: "Latents" }).getByRole("listitem");
    await tiles.getByText(/Seed 6/u).waitFor();
    expect(await tiles.getByText(/Seed \d/u).allTextContents()).toEqual([
      expect.stringContaining("Seed 6"),
      expect.stringContaining("Seed 5"),
    ]);
    expect(await page.content()).not.toMatch(/apple|pear/u);

    const newest = tiles.first();
    const price = /\$[\d.]+/u.exec((await newest.getByRole("button").first().textContent()) ?? "")?.[0] ?? "";
    await newest.getByRole("button", { name: "Show for" }).click();
    await newest.getByRole("img", { name: "AI-made picture of latent 1" }).waitFor();
    const charged = (await spent()) - before;
    expect(charged).toBeGreaterThan(0);
    expect(charged).toBeLessThanOrEqual(Math.round(Number(price.slice(1)) * 1_000_000));

    await page.getByRole("button", { name: "Delete latent 1" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Delete this latent?" }).waitFor();
    await page.keyboard.press("Escape");
    // The browser closes a dialog a moment after the key.
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.locator("button:focus", { hasText: "Delete" }).waitFor();
    expect(await tiles.count()).toBe(2);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Delete it" }).click();
    await tiles.getByText(/Seed 6/u).waitFor({ state: "detached" });
    const { data } = await call<LatentList>("GET", "/v1/latents");
    expect(data.map(({ seed }) => seed)).toEqual([5]);
    expect(faults).toEqual([]);
  });

  test("the gallery decodes a latent on the device, which costs nothing and lets the page answer meanwhile", async () => {
    await make("a red apple", 5);
    const before = await spent();
    const { page, faults, requests } = await openPage("/gallery");
    // Rough pictures come by themselves, from the smallest of the graphs.
    await page.getByRole("img", { name: "AI-made rough picture of latent 1" }).waitFor();
    const graphs = () => requests.filter((request) => request.endsWith(".onnx")).length;
    expect(graphs()).toBe(1);
    // Whatever handles input runs on the page's thread, as this does, while the decode has not ended.
    await page.evaluate(`
      window.turns = 0;
      setInterval(() => {
        if (document.body.innerText.includes("Stages B and A run on this device")) window.turns += 1;
      }, 1);
    `);
    await page.getByRole("button", { name: "Show here" }).first().click();
    await page.getByText("Made on this device").waitFor();
    expect(await page.evaluate("window.turns")).toBeGreaterThan(1);
    expect(graphs()).toBe(4);
    expect(requests.filter((request) => /\/decode$/u.test(request))).toEqual([]);
    expect(await spent()).toBe(before);
    expect(faults).toEqual([]);
  });

  test("the account page shows what the ledger spent, by kind and key, and gives the same as CSV", async () => {
    await make("a blue cup", 7);
    await make("a blue cup", 7);
    const listed = async () => {
      const { data } = await call<UsageList>("GET", "/v1/usage");
      return data.reduce((sum, { micro_usd }) => sum + micro_usd, 0);
    };
    await expect.poll(listed, { timeout: waitMsMax }).toBe(await spent());
    const { page, faults } = await openPage("/account");
    const total = `$${((await spent()) / 1_000_000).toFixed(6).replace(/0{1,4}$/u, "")}`;
    const usage = page.getByRole("region", { name: "Usage" });
    await usage.locator("dd").first().getByText(total).waitFor();
    await usage.getByRole("img", { name: "Spent and saved by day" }).waitFor();
    expect(await usage.locator(".chart canvas").count()).toBe(1);
    await usage
      .getByRole("table", { name: "By kind of work" })
      .getByRole("rowheader", { name: "New latent" })
      .waitFor();

    const started = page.waitForEvent("download");
    await usage.getByRole("button", { name: "CSV" }).click();
    const csv = await readFile(await (await started).path(), "utf8");
    const [names = "", ...rows] = csv.trimEnd().split("\r\n");
    const place = names.split(",").indexOf("micro_usd");
    expect(rows.reduce((sum, row) => sum + Number(row.split(",")[place]), 0)).toBe(await spent());
    expect(faults).toEqual([]);
  });

  test("the account page follows a job, and sends its webhook again by the keyboard", async () => {
    const receiver = await startWebhookReceiver();
    const requests = [{ prompt: "a blue cup", seed: 7 }];
    await call("PUT", "/v1/jobs/cups", { requests, webhook_url: receiver.url });
    const { page, faults } = await openPage("/account");
    const jobs = page.getByRole("region", { name: "Jobs" });
    await jobs.getByText("Done", { exact: true }).waitFor();
    await jobs.getByRole("button", { name: "Send again: the webhook of cups" }).focus();
    await page.keyboard.press("Enter");
    await jobs.getByText("sent on request").waitFor();
    const [first, second] = [await receiver.received(0), await receiver.received(1)];
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    await page.getByRole("region", { name: "Keys" }).getByText("this key").waitFor();
    expect(faults).toEqual([]);
    await receiver.stop();
  });

  test("the account page hands over all that is stored, and erases it when that is confirmed", async () => {
    await make("a blue cup", 7);
    const { page, faults } = await openPage("/account");
    const data = page.getByRole("region", { name: "Your data" });
    const saved = async (button: string) => {
      const started = page.waitForEvent("download");
      await data.getByRole("button", { name: button }).click();
      return readFile(await (await started).path(), "utf8");
    };
    const lines = (await saved("Download everything")).trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ object: "export.end", lines: lines.length - 1 });
    const [names, ...receipts] = (await saved("Receipts as CSV")).trimEnd().split("\r\n");
    expect(names).toBe("created,kind,reference,micro_usd,id");
    expect(receipts.length).toBeGreaterThan(0);

    await data.getByRole("button", { name: "Erase" }).click();
    await page.getByRole("dialog", { name: "Erase what this account made?" }).waitFor();
    await page.keyboard.press("Escape");
    expect((await call<LatentList>("GET", "/v1/latents")).data).not.toEqual([]);
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    const before = await spent();
    await data.getByRole("button", { name: "Erase" }).click();
    await page.getByRole("button", { name: "Erase all of it" }).click();
    await data.getByText(/^Erased: \d+ latents/u).waitFor();
    expect((await call<LatentList>("GET", "/v1/latents")).data).toEqual([]);
    expect(await spent()).toBe(before);
    expect(faults).toEqual([]);
  });

  test("the account page opens a payment at Stripe, and shows the credit once Stripe has told of it", async () => {
    const { available_micro_usd: before } = await call<BalanceResponse>("GET", "/v1/balance");
    const { page, faults } = await openPage("/account");
    const balance = page.getByRole("region", { name: "Balance" });
    await balance.getByLabel("US dollars").fill("0.5");
    await balance.getByRole("button", { name: "Pay at Stripe" }).click();
    await balance.getByRole("alert").getByText("from $1.00 to $10000.00").waitFor();
    await balance.getByLabel("US dollars").fill("12.5");
    await page.keyboard.press("Enter");
    await balance.getByText("Paid, thank you.").waitFor();
    expect(page.url()).toBe(`${stack().url}/account`);
    expect((await call<BalanceResponse>("GET", "/v1/balance")).available_micro_usd).toBe(before);
    await stripe.confirm(stack().url);
    await balance.getByText(`$${((before + 12_500_000) / 1_000_000).toFixed(2)}`).waitFor();
    await page.goto(`${stack().url}/account?topup=cancelled`);
    await balance.getByText("Nothing was paid.").waitFor();
    expect(faults).toEqual([]);
  });

  test.each(looks)("at $width px in $locale and $colorScheme all of them are accessible and fit", async (look) => {
    const { width, ...options } = look;
    for (const path of ["/gallery", "/account"]) {
      const { page, faults } = await openPage(path, { viewport: { width, height: 740 }, ...options });
      await page.locator("h1").waitFor();
      await expectAccessible(page);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      expect(await page.evaluate(layoutShifts)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    }
  });

  test.each(["/gallery", "/account"])("%s loads at most 80 KB of script first", async (path) => {
    const { page } = await open(stack().url);
    const scripts: Promise<Buffer>[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.push(response.body());
    });
    await page.goto(`${stack().url}${path}`);
    await page.locator("h1").waitFor();
    const bytes = (await Promise.all(scripts)).reduce((sum, script) => sum + gzipSync(script).length, 0);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(firstLoadBytesMax);
  });
});
