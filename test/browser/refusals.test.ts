import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { en as operator } from "../../workers/site/admin/words-en.ts";
import { en } from "../../workers/site/words/en.ts";
import { ja } from "../../workers/site/words/ja.ts";
import { type Backend, startBackend } from "../support/backend.ts";
import { expectAccessible, isBrowserExpected, useBrowser, waitMsMax } from "../support/browser.ts";
import { startTinyEdge, type TinyEdge } from "../support/tiny-edge.ts";
import { startMsMax } from "../support/tiny-stack.ts";

const languages = [
  { locale: "en-US", words: en },
  { locale: "ja-JP", words: ja },
] as const;

type Language = (typeof languages)[number];

/** Sheets of A4 that the page takes. Chromium writes one such object a page into its PDF. */
async function pagesPrinted(page: Page): Promise<number> {
  const file = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
  return [...file.matchAll(/\/Type\s*\/Page\b/gu)].length;
}

/** Nothing that a failure may take away. */
const prompt = "a prompt that stays";

/** Titles of the cards of which something stands beyond the lower edge. */
const cardsThatOverflow =
  "[...document.querySelectorAll('.kpi .card')].filter((card) => [...card.querySelectorAll('*')].some((part) => part.getBoundingClientRect().bottom > card.getBoundingClientRect().bottom)).map((card) => card.querySelector('h3, h2')?.textContent)";

describe.runIf(isBrowserExpected)("a page without the development key", () => {
  const open = useBrowser();
  let backend: Backend;
  let edge: TinyEdge;

  beforeAll(async () => {
    backend = await startBackend();
    edge = await startTinyEdge(backend.url);
  }, startMsMax);

  afterAll(async () => {
    await edge.stop();
    await backend.stop();
  });

  async function openPage({ locale }: Language): Promise<Page> {
    const { page } = await open(edge.url, { locale });
    await page.goto(edge.url);
    return page;
  }

  async function signIn(page: Page, { words: { key } }: Language, apiKey: string, isRemembered = false) {
    await page.getByLabel(key.label, { exact: true }).fill(apiKey);
    if (isRemembered) await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: key.use }).click();
  }

  async function signedIn(language: Language, apiKey: string): Promise<Page> {
    const page = await openPage(language);
    await signIn(page, language, apiKey);
    await page.getByRole("button", { name: language.words.key.signOut }).waitFor();
    return page;
  }

  /** Asks for a picture, and expects this sentence and the prompt where it was. */
  async function expectRefusal(page: Page, { words }: Language, sentence: string): Promise<void> {
    await page.getByLabel(words.prompt.label).fill(prompt);
    await page.getByRole("button", { name: words.make.make }).click();
    await page.getByRole("alert").getByText(sentence, { exact: true }).waitFor();
    expect(await page.getByLabel(words.prompt.label).inputValue()).toBe(prompt);
  }

  const admin = async (method: string, path: string, body?: object) =>
    (
      await edge.send(method, `/v1/admin/accounts/${path}`, body, { authorization: `Bearer ${edge.adminSecret}` })
    ).json();

  /** A key of an account of its own, with so much credit. */
  async function newKey(account: string, creditMicroUsd: number, terms: object = {}) {
    await admin("PUT", account, { name: account });
    if (creditMicroUsd > 0) await admin("POST", `${account}/grants`, { micro_usd: creditMicroUsd, grant_id: account });
    return (await admin("POST", `${account}/keys`, { name: "key", ...terms })) as {
      readonly id: string;
      readonly key: string;
    };
  }

  test("takes a key to every page of the tab, and forgets it with the tab unless told otherwise", async () => {
    const [english] = languages;
    const first = await signedIn(english, edge.apiKey);
    await first.getByRole("link", { name: "Account", exact: true }).click();
    await first.getByRole("heading", { name: "Account" }).waitFor();
    const page = await first.context().newPage();
    await page.goto(edge.url);
    await signIn(page, english, edge.apiKey, true);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.reload();
    await page.getByRole("button", { name: "Use key" }).waitFor();
  });

  describe.each(languages)("in $locale", (language) => {
    const { locale, words } = language;
    const suffix = locale.toLowerCase();

    test("says of a wrong key, and of one that was revoked meanwhile, to enter another", async () => {
      const page = await openPage(language);
      await signIn(page, language, `we_${"0".repeat(28)}`);
      await page.getByRole("alert").getByText(words.errors.invalid_api_key, { exact: true }).waitFor();
      const { id, key } = await newKey(`revoked-${suffix}`, 1_000_000);
      await signIn(page, language, key, true);
      await page.getByRole("button", { name: words.key.signOut }).waitFor();
      await admin("DELETE", `revoked-${suffix}/keys/${id}`);
      await expectRefusal(page, language, words.errors.invalid_api_key);
      await signIn(page, language, edge.apiKey);
      await page.getByRole("button", { name: words.key.signOut }).waitFor();
    });

    test("says that credit is missing", async () => {
      const { key } = await newKey(`poor-${suffix}`, 0);
      await expectRefusal(await signedIn(language, key), language, words.errors.insufficient_quota);
    });

    test("says that a key sent too much in a short time", async () => {
      const { key } = await newKey(`limited-${suffix}`, 1_000_000, { requests_per_minute: 1 });
      await expectRefusal(await signedIn(language, key), language, words.errors.rate_limit_exceeded);
    });

    test("says that it is offline, and makes the picture when it is not any more", async () => {
      const page = await signedIn(language, edge.apiKey);
      await page.context().setOffline(true);
      await expectRefusal(page, language, words.errors.offline);
      await page.context().setOffline(false);
      await page.getByRole("button", { name: words.make.make }).click();
      await page.getByRole("img", { name: words.result.alt(prompt) }).waitFor();
      await page.locator(".latent-map canvas").waitFor();
      await page.context().setOffline(true);
      await page.getByRole("button", { name: words.device.open }).click();
      await page.getByText(words.device.failed(words.errors.decoder_offline), { exact: true }).waitFor();
    });
  });

  test("counts a request for the operator, who opens an account and makes, shows once and revokes a key", async () => {
    const { page, faults } = await open(edge.url, { viewport: { width: 1280, height: 900 } });
    await page.goto(`${edge.url}/admin`);
    const credential = page.getByLabel(operator.credential.label, { exact: true });
    await credential.fill("x".repeat(40));
    await page.getByRole("button", { name: operator.credential.use }).click();
    await page.getByRole("alert").getByText(operator.credential.wrong).waitFor();
    faults.length = 0;
    await credential.fill(edge.adminSecret);
    await page.getByRole("button", { name: operator.credential.use }).click();
    await page.getByRole("heading", { name: "Traffic" }).waitFor();

    await edge.send("POST", "/v1/images/generations", { prompt: "for the operator" });
    // The queue delivers within some seconds.
    await expect
      .poll(
        async () => {
          await page.getByRole("button", { name: operator.refresh }).click();
          return Number(await page.locator(".figures dd").first().textContent());
        },
        { timeout: waitMsMax, interval: 1_000 },
      )
      .toBeGreaterThan(0);
    await page.locator(".chart canvas").first().waitFor();
    await expectAccessible(page);

    await page.getByRole("link", { name: "Spend", exact: true }).click();
    const accounts = page.getByRole("region", { name: operator.spend.accounts });
    await expect
      .poll(
        async () => {
          await page.getByRole("button", { name: operator.refresh }).click();
          return accounts.getByRole("link").count();
        },
        { timeout: waitMsMax, interval: 1_000 },
      )
      .toBeGreaterThan(0);
    expect(await page.content()).not.toContain("for the operator");
    await expectAccessible(page);

    await page.getByRole("link", { name: operator.nav.kpi, exact: true }).click();
    await page.getByRole("cell", { name: operator.kpi.figures.recognition.name }).waitFor();
    await page.getByRole("cell", { name: operator.tier.generated, exact: true }).waitFor();
    await page.getByText(operator.kpi.biasFound("0")).waitFor();
    expect(await pagesPrinted(page)).toBe(1);
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate(cardsThatOverflow)).toEqual([]);
    await page.emulateMedia({ media: null });
    await expectAccessible(page);

    await page.getByRole("link", { name: "Accounts", exact: true }).click();
    await page.getByLabel("Id", { exact: true }).fill("from-the-page");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByLabel("US dollars", { exact: true }).fill("2.5");
    await page.getByRole("button", { name: "Add credit" }).click();
    await page.getByText("Credit added. $2.50 are available.").waitFor();
    await page.getByLabel("Name of the key").fill("first");
    await page.getByRole("button", { name: "Create a key" }).click();
    const key = (await page.locator(".secret output").textContent()) ?? "";
    const statusOf = async () =>
      (await fetch(`${edge.url}/v1/balance`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await statusOf()).toBe(200);
    await page.getByRole("button", { name: "I have copied it" }).click();
    expect(await page.content()).not.toContain(key);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByRole("button", { name: "Revoke now?" }).click();
    await page.getByText(/^revoked /u).waitFor();
    expect(await statusOf()).toBe(401);
    await page.getByText("key.revoked").waitFor();
    expect(faults).toEqual([]);
    await page.reload();
    await credential.waitFor();
  });

  test("shows the operator's page in Japanese on a narrow dark screen, without a fault", async () => {
    const look = { viewport: { width: 360, height: 740 }, locale: "ja-JP", colorScheme: "dark" } as const;
    const { page, faults } = await open(edge.url, look);
    await page.goto(`${edge.url}/admin#system`);
    await page.getByLabel("認証情報", { exact: true }).fill(edge.adminSecret);
    await page.keyboard.press("Enter");
    await page.getByText("準備完了").waitFor();
    await page.getByText("一致").first().waitFor();
    await expectAccessible(page);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await page.getByRole("link", { name: "主要指標", exact: true }).click();
    await page.getByText("十分です").or(page.getByText("不十分です")).waitFor();
    await page.getByText("合計").waitFor();
    expect(await pagesPrinted(page)).toBe(1);
    await expectAccessible(page);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(faults).toEqual([]);
  });

  describe("when the backend is gone", () => {
    beforeAll(() => backend.stop());

    test.each(languages)("says so in $locale", async (language) => {
      const { key } = await newKey(`gone-${language.locale.toLowerCase()}`, 1_000_000);
      await expectRefusal(await signedIn(language, key), language, language.words.errors.backend_unavailable);
    });
  });
});
