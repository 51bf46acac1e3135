import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { readEdgeFiles } from "../../scripts/local-models.ts";
import type { AccountItem, KeyItem } from "../../shared/api/admin-answers.ts";
import { reasonText, rollOutReasonCodes } from "../../shared/api/roll-out-reason.ts";
import { en } from "../../workers/site/admin/words-en.ts";
import { ja } from "../../workers/site/admin/words-ja.ts";
import { expectAccessible, isBrowserExpected, useBrowser, waitMsMax } from "../support/browser.ts";
import { writeNextRevision } from "../support/next-revision.ts";
import { modelsDirectory, tinyAlphaDirectory, tinyDirectory, tinyRevision } from "../support/tiny-bundle.ts";
import { useTinyEdge } from "../support/tiny-edge.ts";

const languages = [
  { locale: "en-US", words: en },
  { locale: "ja-JP", words: ja },
] as const;

type Look = Parameters<ReturnType<typeof useBrowser>>[1];

const choice = (page: Page, name: string) => page.getByRole("combobox", { name, exact: true });

/** Links of the tabs whose text takes more than one line. */
const brokenTabs =
  "[...document.querySelectorAll('.tabs a')].filter((tab) => tab.getClientRects().length > 1 || tab.clientHeight > 48).map((tab) => tab.textContent)";

const models = mkdtempSync(join(tmpdir(), "operator-models-"));
cpSync(modelsDirectory, models, { recursive: true });
const next = writeNextRevision(tinyDirectory, join(models, "next"));
afterAll(() => rmSync(models, { recursive: true, force: true }));

/** Pages of a service whose bundle came without a report. */
describe.runIf(isBrowserExpected)("the operator's page", () => {
  const open = useBrowser();
  const stack = useTinyEdge({ MODELS_DIR: models }, tinyAlphaDirectory);

  async function call<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const { url, adminSecret } = stack().edge;
    const response = await fetch(`${url}/v1/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok).toBe(true);
    return (await response.json()) as Answer;
  }

  async function openAs(words: typeof en, place: string, look: Look): Promise<{ page: Page; faults: string[] }> {
    const { url, adminSecret } = stack().edge;
    const watched = await open(url, look);
    await watched.page.goto(`${url}/admin${place}`);
    await watched.page.getByLabel(words.credential.label, { exact: true }).fill(adminSecret);
    await watched.page.keyboard.press("Enter");
    return watched;
  }

  test.each(languages)(
    "lists who changed which account, newest first and older ones on request, in $locale",
    async ({ locale, words }) => {
      const prefix = `listed-${locale.toLowerCase()}`;
      for (let index = 10; index < 70; index += 1)
        await call("PUT", `accounts/${prefix}-${index}`, { name: "one of many" });
      const { page, faults } = await openAs(words, "#audit", { locale });
      const row = (index: number) => page.getByRole("row").filter({ hasText: `${prefix}-${index}` });
      await expect
        .poll(
          async () => {
            await page.getByRole("button", { name: words.refresh }).click();
            return row(69).count();
          },
          { timeout: waitMsMax, interval: 1_000 },
        )
        .toBe(1);
      const table = page.getByRole("region", { name: words.audit.accounts });
      expect(await table.getByRole("row").nth(1).textContent()).toContain(`${prefix}-69`);
      expect(await row(10).count()).toBe(0);
      await page.getByRole("button", { name: words.audit.older }).click();
      await row(10).waitFor();
      await expectAccessible(page);
      await row(10).getByRole("link").click();
      await page.getByRole("heading", { name: `${prefix}-10` }).waitFor();
      expect(faults).toEqual([]);
    },
  );

  test("shows and changes an account's defaults, and the models that its keys may use", async () => {
    await call("PUT", "accounts/defaults", { defaults: { reuse: "fresh", size: "64x64" } });
    const { page, faults } = await openAs(en, "#accounts/defaults", {});
    expect(await choice(page, en.defaults.reuse).inputValue()).toBe("fresh");
    await page.getByLabel(en.defaults.size, { exact: true }).fill("");
    await choice(page, en.defaults.output_format).selectOption("webp");
    const form = page.locator("form").filter({ hasText: en.defaults.title });
    await form.getByRole("button", { name: en.accounts.save }).click();
    await form.getByText(en.accounts.saved).waitFor();
    const { defaults } = await call<AccountItem>("GET", "accounts/defaults");
    expect(defaults).toEqual({ reuse: "fresh", output_format: "webp" });

    await page.getByLabel(en.keys.createName).fill("limited");
    await page.getByLabel(en.keys.createModels).fill("tiny-alpha, another");
    await page.getByRole("button", { name: en.keys.create }).click();
    await page.getByRole("button", { name: en.keys.done }).click();
    await page.getByRole("cell", { name: "tiny-alpha, another" }).waitFor();
    const { data } = await call<{ readonly data: readonly KeyItem[] }>("GET", "accounts/defaults/keys");
    expect(data.map(({ models }) => models)).toEqual([["tiny-alpha", "another"]]);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });

  test.each(languages)(
    "shows how both revisions of a roll-out do, promotes it and takes it back, in $locale",
    async ({ locale, words }) => {
      const { rollOut: texts, models: states } = words;
      await call("PUT", "models", readEdgeFiles(tinyDirectory));
      const roll_out = { share: 20, rule: {} };
      await call("PUT", "models", { ...readEdgeFiles(join(models, "next")), roll_out });
      const { page, faults } = await openAs(words, "#system", { locale });
      const card = page.locator("section.card").filter({ hasText: texts.title(next) });
      const press = (name: string) => card.getByRole("button", { name, exact: true }).click();
      const row = (revision: string | undefined, state: string) =>
        page
          .getByRole("row")
          .filter({ hasText: revision ?? "" })
          .filter({ hasText: state })
          .waitFor();
      await row(next.split("@")[1], states.rolledOut("20"));
      await card.getByText(texts.verdicts.hold).waitFor();
      await card.getByRole("cell", { name: tinyRevision }).waitFor();
      await expectAccessible(page);

      await press(texts.promote);
      await press(texts.keep);
      await press(texts.promote);
      await press(texts.promoteSure);
      await card.waitFor({ state: "detached" });
      await row(next.split("@")[1], states.offered("").trim());

      await call("POST", `models/${next}/roll-out`, { share: 5 });
      await page.getByRole("button", { name: words.refresh }).last().click();
      await press(texts.takeBack);
      await press(texts.takeBackSure);
      await row(next.split("@")[1], states.withdrawn);
      expect(await card.count()).toBe(0);
      await page.evaluate('location.hash = "#audit"');
      const log = page.getByRole("region", { name: words.audit.models });
      await log.getByRole("row").nth(1).waitFor();
      const changes = (await log.getByRole("row").allTextContents()).slice(1, 5);
      const actions = ["model.withdrawn", "model.rolled_out", "model.promoted", "model.added"];
      for (const [index, action] of actions.entries())
        expect(changes[index]).toMatch(RegExp(`${action}.*${next}`, "u"));
      await expectAccessible(page);
      await call("DELETE", "models/tiny");
      expect(faults).toEqual([]);
    },
  );

  test.each(languages)(
    "says in $locale how a bundle without a report gets one, in place of its figures",
    async ({ locale, words }) => {
      const { page, faults } = await openAs(words, "#kpi", { locale });
      await page.getByText("wuerstchen.evaluate").waitFor();
      await page.getByRole("cell", { name: words.kpi.all, exact: true }).waitFor();
      expect(await page.getByRole("heading", { name: words.kpi.bias }).count()).toBe(0);
      await expectAccessible(page);
      expect(faults).toEqual([]);
    },
  );

  test.each(languages)("fits 360 px in $locale, with each tab on one line", async ({ locale, words }) => {
    await call("PUT", "accounts/narrow", {});
    const { page, faults } = await openAs(words, "#traffic", { locale, viewport: { width: 360, height: 740 } });
    for (const place of [...Object.keys(words.nav), "accounts/narrow"]) {
      await page.evaluate(`location.hash = "#${place}"`);
      await page.locator(`.tabs a[aria-current][href="#${place.split("/")[0]}"]`).waitFor();
      await page.locator(".view", { hasNotText: words.loading }).waitFor();
      expect(await page.evaluate(brokenTabs)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    }
    expect(faults).toEqual([]);
  });
});

test("every reason has a sentence in both languages of the operator's page, with its figures", () => {
  for (const code of rollOutReasonCodes) {
    const reason = { code, value: 12.3456, of: 7, before: 9, before_of: 8 };
    const [english, japanese] = [en, ja].map(({ rollOut }) => reasonText(rollOut.reasons, reason));
    expect(japanese).toMatch(/[\p{scx=Hiragana}]/u);
    expect(japanese?.match(/\d+(\.\d+)?/gu)?.toSorted()).toEqual(english?.match(/\d+(\.\d+)?/gu)?.toSorted());
  }
});
