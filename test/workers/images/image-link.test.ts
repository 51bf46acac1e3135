import { expect, test } from "vitest";
import { createImageLinks, imageLinkSeconds } from "../../../workers/images/image-link.ts";

const secret = "s".repeat(32);
const latentId = "ab".repeat(32);
const links = createImageLinks(secret, () => 1_000_000);

function partsOf(link: string) {
  const url = new URL(link, "https://edge.test");
  return { file: url.pathname.split("/").at(-1) ?? "", query: Object.fromEntries(url.searchParams) };
}

test("a link opens to what it was made for", async () => {
  for (const options of [
    { format: "png" },
    { format: "jpeg", quality: 0 },
    { format: "webp", quality: 100 },
  ] as const) {
    const opened = await links.open(partsOf(await links.create({ latentId, options })));
    expect(opened).toEqual({ ok: true, value: { latentId, options, secondsLeft: imageLinkSeconds } });
  }
});

test("a link made with another secret does not open", async () => {
  const others = createImageLinks("t".repeat(32), () => 1_000_000);
  const link = await others.create({ latentId, options: { format: "png" } });
  expect(await links.open(partsOf(link))).toEqual({ ok: false, error: { code: "invalid_signature" } });
});

test("a forged link that has also expired is told no more than that it is forged", async () => {
  const query = { exp: "1", sig: "00".repeat(32) };
  expect(await links.open({ file: `${latentId}.png`, query })).toEqual({
    ok: false,
    error: { code: "invalid_signature" },
  });
});

test("an expired link says so", async () => {
  const link = await links.create({ latentId, options: { format: "png" } });
  const later = createImageLinks(secret, () => 1_000_000 + imageLinkSeconds * 1000);
  expect(await later.open(partsOf(link))).toEqual({ ok: false, error: { code: "link_expired" } });
});

test("a link that was opened before expires all the same, and opens nothing but itself", async () => {
  let nowMs = 1_000_000;
  const remembering = createImageLinks(secret, () => nowMs);
  const { file, query } = partsOf(await remembering.create({ latentId, options: { format: "png" } }));
  for (let i = 0; i < 3; i += 1) expect(await remembering.open({ file, query })).toMatchObject({ ok: true });
  const forged = [
    { file: `${"cd".repeat(32)}.png`, query },
    { file: `${latentId}.webp`, query },
    { file, query: { ...query, quality: "1" } },
    { file, query: { ...query, exp: `${Number(query["exp"]) + 1}` } },
    { file, query: { ...query, sig: "00".repeat(32) } },
  ];
  for (const parts of forged) {
    expect(await remembering.open(parts)).toEqual({ ok: false, error: { code: "invalid_signature" } });
  }
  nowMs += imageLinkSeconds * 1_000;
  expect(await remembering.open({ file, query })).toEqual({ ok: false, error: { code: "link_expired" } });
});

test.each(["x.png", `${latentId}.gif`, `${latentId}`, `${latentId.toUpperCase()}.png`, `../${latentId}.png`])(
  "the name %s is no picture's",
  async (file) => {
    expect(await links.open({ file, query: {} })).toMatchObject({ ok: false, error: { code: "not_found" } });
  },
);
