import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { decodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import { expectAccessible, isBrowserExpected, useBrowser, waitMsMax } from "../support/browser.ts";
import {
  counterOf,
  decibelsBetween,
  downloadPicture,
  makePicture,
  pictureOn,
  publishedBundle,
} from "../support/playground.ts";
import { useTinyStack } from "../support/tiny-stack.ts";

/**
 * A picture that is made on the device is at least this near to the server's, in decibels. They are not equal, because
 * the runtime's kernels for WebAssembly and for the server's processor round sums in different orders.
 */
const psnrMin = 45;

describe.runIf(isBrowserExpected)("on the device", () => {
  const stack = useTinyStack(publishedBundle);
  const open = useBrowser();

  async function openPlayground() {
    const viewport = { width: 1280, height: 900 };
    const watched = await open(stack().url, { viewport, permissions: ["clipboard-read", "clipboard-write"] });
    await watched.page.goto(stack().url);
    return watched;
  }

  const send = (method: string, path: string, body?: object) =>
    fetch(`${stack().url}${path}`, {
      method,
      headers: { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  const latentOf = async (id: string): Promise<Latent> => {
    const read = decodeLatent(new Uint8Array(await (await send("GET", `/v1/latents/${id}`)).arrayBuffer()));
    if (!read.ok) throw new TypeError(read.error.message);
    return read.value;
  };

  const revision = async () =>
    ((await (await fetch(`${stack().url}/site/model.json`)).json()) as { readonly revision: string }).revision;

  const availableMicroUsd = async () =>
    ((await (await send("GET", "/v1/balance")).json()) as { readonly available_micro_usd: number }).available_micro_usd;

  /** What is asked of a page in its panel below the picture. */
  const openPanel = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
  const decoded = (page: Page) => page.getByText(/^Made on this device in/u).waitFor();

  const decibelsToServer = async (page: Page) =>
    decibelsBetween(await pictureOn(page.locator(".panel canvas")), await downloadPicture(page));

  test("a picture is made from its latent alone, without a decode at the backend, and is the server's within 45 dB", async () => {
    const { page, faults } = await openPlayground();
    // About one picture in a hundred is nearly equal, and a canvas's rounding most of its error. This seed's is not.
    await page.getByText("Advanced").click();
    await page.getByLabel("Seed", { exact: true }).fill("7");
    await makePicture(page, "red apple");
    const decodes = await counterOf(stack().backendUrl, "decodes_total");
    await openPanel(page, "Decode here");
    await decoded(page);
    const stated = await page.getByTestId("nearness").filter({ hasText: /\S/u }).textContent();
    expect(await counterOf(stack().backendUrl, "decodes_total")).toBe(decodes);
    const decibels = await decibelsToServer(page);
    expect(decibels).toBeGreaterThanOrEqual(psnrMin);
    // A canvas rounds the colours of what is partly transparent; the page compares them before that.
    expect(Math.abs(Number.parseFloat(stated ?? "") - decibels)).toBeLessThan(3);
    expect(faults).toEqual([]);
  });

  test("the page answers input while a picture is being made", async () => {
    const { page } = await openPlayground();
    await makePicture(page, "rocket");
    await page.evaluate(
      "window.gaps = []; { let last = performance.now(); const tick = () => { const now = performance.now(); window.gaps.push(now - last); last = now; setTimeout(tick); }; tick(); }",
    );
    await openPanel(page, "Decode here");
    await page.getByLabel("What should it show?").fill("typed meanwhile");
    await decoded(page);
    // The picture itself would be one gap if the page's own thread made it.
    const milliseconds = Number((await page.getByText(/^Made on this device in/u).textContent())?.match(/\d+/u)?.[0]);
    expect(await page.evaluate("Math.max(...window.gaps)")).toBeLessThan(milliseconds);
    expect(await decibelsToServer(page)).toBeGreaterThanOrEqual(psnrMin);
  });

  test("a shared link shows the same picture in a fresh profile, holds no key, and no request carries it", async () => {
    const { page } = await openPlayground();
    await makePicture(page, "sunflower");
    const picture = await downloadPicture(page);
    await openPanel(page, "Share");
    await page.getByRole("button", { name: "Copy: Picture link" }).click();
    await page.getByText("Copied").waitFor();
    const link = String(await page.evaluate("navigator.clipboard.readText()"));
    expect(link.length).toBeLessThan(3_000);
    expect(link).not.toContain(stack().apiKey);
    await page.context().close();

    const { page: fresh, requests, faults } = await open(stack().url, { viewport: { width: 360, height: 740 } });
    await fresh.goto(link);
    await decoded(fresh);
    await fresh.getByText("Not verified", { exact: false }).waitFor();
    expect(await decibelsBetween(await pictureOn(fresh.locator("canvas")), picture)).toBeGreaterThanOrEqual(psnrMin);
    await expectAccessible(fresh);
    const values = link.slice(link.lastIndexOf(".") + 1, -10);
    expect(requests.filter((request) => request.includes(values) || request.includes("/v1/"))).toEqual([]);
    expect(faults).toEqual([]);
  });

  test.each([
    ["cut", (link: string) => link.slice(0, -5)],
    ["of another model", (link: string) => link.replace(/latent1\.[^.]*/u, "latent1.another")],
    ["enormous", (link: string) => `${link.slice(0, link.indexOf("#"))}#latent1.r.1x16x9999x9999.${"A".repeat(4_000)}`],
    ["with code in it", (link: string) => `${link.slice(0, link.indexOf("#"))}#<script>alert(1)</script>`],
  ])("a link that is %s is refused in words", async (_, change) => {
    const values = Buffer.alloc(2_048).toString("base64url");
    const link = `${stack().url}/picture#latent1.${await revision()}.1x16x8x8.${values}`;
    const { page, faults } = await open(stack().url);
    await page.goto(change(link));
    await page.getByText(/This link holds no picture|This latent is of another model/u).waitFor();
    expect(faults).toEqual([]);
  });

  test("two pictures are mixed from one to the other, and the mix that is kept is another picture than both", async () => {
    const { page, faults } = await openPlayground();
    await makePicture(page, "pear");
    const pear = await downloadPicture(page);
    await makePicture(page, "strawberry");
    const strawberry = await downloadPicture(page);
    await openPanel(page, "Mix");
    const mix = page.getByRole("img", { name: "Mix of two pictures" });
    await mix.waitFor();
    for (const [place, end] of [
      ["0", strawberry],
      ["1", pear],
    ] as const) {
      await page.getByLabel("Where between them").fill(place);
      // Rough at first, exact when the slider has rested.
      await expect
        .poll(async () => decibelsBetween(await pictureOn(mix), end), { timeout: waitMsMax, interval: 200 })
        .toBeGreaterThanOrEqual(psnrMin);
    }
    await page.getByLabel("Where between them").fill("0.25");
    await openPanel(page, "Keep this mix");
    await page.getByRole("img", { name: "Picture made by AI for: strawberry, 3D × pear, 3D" }).waitFor();
    expect(await decibelsBetween(await downloadPicture(page), strawberry)).toBeLessThan(psnrMin);
    expect(await decibelsBetween(await downloadPicture(page), pear)).toBeLessThan(psnrMin);
    expect(faults).toEqual([]);
  });

  test("only the part that is painted over is made anew, and is charged once", async () => {
    const { page, faults, requests } = await openPlayground();
    const shownLatent = page.waitForResponse(/\/v1\/latents\/[^/]+$/u);
    await makePicture(page, "house");
    const before = await latentOf(new URL((await shownLatent).url()).pathname.split("/").at(-1) ?? "");
    const beforeMicroUsd = await availableMicroUsd();

    await openPanel(page, "Edit");
    await paint(page);
    await page.getByLabel("What it becomes").fill("blue house, 3D");
    const answered = page.waitForResponse(/\/variations$/u);
    await page.getByRole("button", { name: "Make edit" }).dblclick();
    const answer = (await (await answered).json()) as {
      readonly data: readonly { readonly latent_id: string }[];
      readonly usage: { readonly cost: { readonly micro_usd: number } };
    };
    await page.getByRole("img", { name: "Picture made by AI for: blue house, 3D" }).waitFor();
    await page.getByText("Stage C ran for this request.").waitFor();
    await page.locator(".latent-map canvas").waitFor();

    const after = await latentOf(answer.data[0]?.latent_id ?? "");
    const changed = changedCells(before, after);
    // The upper half was painted; a cell is 16 of 128 pixels.
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((cell) => cell >= before.shape[2] * 4)).toEqual([]);
    expect(requests.filter((request) => request.endsWith("/variations"))).toHaveLength(1);
    expect(answer.usage.cost.micro_usd).toBeGreaterThan(0);
    expect(beforeMicroUsd - (await availableMicroUsd())).toBe(answer.usage.cost.micro_usd);
    expect(faults).toEqual([]);
  });

  /** A stroke in the upper half of the picture. */
  async function paint(page: Page): Promise<void> {
    const mask = page.getByRole("img", { name: "Mask: paint where the picture should change" });
    await mask.scrollIntoViewIfNeeded();
    const box = await mask.boundingBox();
    if (box === null) throw new TypeError("The mask is not on the page.");
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 60, box.y + 60, { steps: 4 });
    await page.mouse.up();
  }
});

/** The cells, row by row, in which a channel of one latent has another value than that of the other. */
function changedCells({ shape, values }: Latent, other: Latent): number[] {
  const cells = shape[1] * shape[2];
  const isChanged = (cell: number) => values.some((value, i) => i % cells === cell && value !== other.values[i]);
  return Array.from({ length: cells }, (_, cell) => cell).filter(isChanged);
}
