import { beforeEach, describe, expect, test } from "vitest";
import { imageEdgeUrl } from "../../../workers/images/image-cache.ts";
import { imageLinkSeconds } from "../../../workers/images/image-link.ts";
import { edgeUrl, storeKey } from "../../../workers/latents/latent-cache.ts";
import { firstPicture, firstUrl, origin, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;
const startMs = edge.nowMs;

beforeEach(() => {
  edge.nowMs = startMs;
});

/** A new picture and its link. */
async function linkedPicture(more: object = {}) {
  const answer = await edge.generate(await edge.createKey(), {
    prompt: "apple",
    seed: 1,
    response_format: "url",
    ...more,
  });
  return { url: firstUrl(answer), id: firstPicture(answer).latent_id };
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

describe("a picture's link", () => {
  test("points to where the client reached us, and shows the picture from the edge without a key or a decode", async () => {
    const { url, id } = await linkedPicture();
    expect(url.startsWith(`${origin}/v1/images/${id}.png?exp=`)).toBe(true);
    const decodes = backend.decodes.length;
    const response = await edge.fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect(response.headers.get("x-wuerstchen-tier")).toBe("image");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect((await bytesOf(response)).length).toBe(Number(response.headers.get("content-length")));
    expect(backend.decodes.length).toBe(decodes);
  });

  test("shows a picture that the edge has dropped by decoding its latent again, identically", async () => {
    const { url, id } = await linkedPicture();
    const before = await bytesOf(await edge.fetch(url));
    expect(await caches.default.delete(imageEdgeUrl(id, { format: "png" }))).toBe(true);
    const decodes = backend.decodes.length;
    const response = await edge.fetch(url);
    expect(response.headers.get("x-wuerstchen-tier")).toBe("latent");
    expect(await bytesOf(response)).toEqual(before);
    expect(backend.decodes.length).toBe(decodes + 1);
    expect((await edge.fetch(url)).headers.get("x-wuerstchen-tier")).toBe("image");
  });

  test("decodes again only within the rate of the picture's account; what the edge holds is shown all the same", async () => {
    const counted: string[] = [];
    const LINK_DECODE_LIMITER = {
      limit: ({ key }: RateLimitOptions) => Promise.resolve({ success: counted.push(key) <= 2 }),
    };
    const limited = new TestEdge({ LINK_DECODE_LIMITER });
    const account = `links-${crypto.randomUUID()}`;
    const key = await limited.createKey(account);
    const answer = await limited.generate(key, { prompt: "pear", seed: 1, response_format: "url" });
    const [url, { latent_id: id }] = [firstUrl(answer), firstPicture(answer)];
    const showAgain = async () => {
      await caches.default.delete(imageEdgeUrl(id, { format: "png" }));
      return limited.fetch(url);
    };
    expect((await showAgain()).status).toBe(200);
    expect((await showAgain()).status).toBe(200);
    expect((await limited.fetch(url)).status).toBe(200);
    const calls = limited.backend.transcript.length;
    const refused = await showAgain();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(limited.backend.transcript.length).toBe(calls);
    expect(counted).toEqual([account, account, account]);
  });

  test("has a real limiter", async () => {
    expect(await edge.env.LINK_DECODE_LIMITER.limit({ key: "anybody" })).toEqual({ success: true });
  });

  test("holds the quality too", async () => {
    const { url } = await linkedPicture({ output_format: "jpeg", output_compression: 55 });
    const response = await edge.fetch(url);
    expect(response.status).toBe(200);
    expect(new TextDecoder().decode(await bytesOf(response))).toMatch(/^jpeg 55 /u);
    expect((await edge.fetch(url.replace("quality=55", "quality=90"))).status).toBe(403);
  });

  test("may be cached by anyone, but no longer than it holds", async () => {
    const { url } = await linkedPicture();
    edge.nowMs = startMs + 600_000;
    const beforeMs = edge.nowMs;
    const response = await edge.fetch(url);
    const [, maxAge] = /^public, max-age=(\d+), immutable$/u.exec(response.headers.get("cache-control") ?? "") ?? [];
    const expiresMs = 1_000 * Number(new URL(url).searchParams.get("exp"));
    expect(Number(maxAge)).toBeLessThanOrEqual(Math.ceil((expiresMs - beforeMs) / 1_000));
    expect(Number(maxAge)).toBeGreaterThanOrEqual(Math.floor((expiresMs - edge.nowMs) / 1_000));
    expect(Number(maxAge)).toBeGreaterThan(imageLinkSeconds - 700);
  });

  test("answers 304 to a client that has the picture, and 200 to one that has another", async () => {
    const { url } = await linkedPicture();
    const etag = (await edge.fetch(url)).headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/u);
    for (const tags of [etag, `"other", ${etag}`, `W/${etag}`, "*"]) {
      const response = await edge.fetch(url, { headers: { "if-none-match": tags } });
      expect(response.status).toBe(304);
      expect(response.headers.get("etag")).toBe(etag);
      expect((await bytesOf(response)).length).toBe(0);
    }
    expect((await edge.fetch(url, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  });

  test("answers HEAD with the headers of GET and no body", async () => {
    const { url } = await linkedPicture();
    const get = await edge.fetch(url);
    const head = await edge.fetch(url, { method: "HEAD" });
    expect(head.status).toBe(200);
    for (const name of ["content-type", "content-length", "etag", "cache-control"]) {
      expect(head.headers.get(name)).toBe(get.headers.get(name));
    }
    expect((await bytesOf(head)).length).toBe(0);
  });

  test.each([
    ["its format changed", (url: URL) => (url.pathname = url.pathname.replace(".png", ".webp"))],
    ["its expiry moved", (url: URL) => url.searchParams.set("exp", String(Number(url.searchParams.get("exp")) + 1))],
    ["a quality added", (url: URL) => url.searchParams.set("quality", "1")],
    ["another latent", (url: URL) => (url.pathname = `/v1/images/${"a".repeat(64)}.png`)],
    ["no signature", (url: URL) => url.searchParams.delete("sig")],
    ["no expiry", (url: URL) => url.searchParams.delete("exp")],
    ["a signature cut short", (url: URL) => url.searchParams.set("sig", "00")],
  ])("with %s is refused with 403 and decodes nothing", async (_, tamper) => {
    const link = new URL((await linkedPicture()).url);
    tamper(link);
    const calls = backend.transcript.length;
    const response = await edge.fetch(link.href);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_signature", param: null } });
    expect(backend.transcript.length).toBe(calls);
  });

  test("that has expired is refused with 410, although the picture is still at the edge", async () => {
    const { url } = await linkedPicture();
    edge.nowMs = startMs + imageLinkSeconds * 1000 - 60_000;
    expect((await edge.fetch(url)).status).toBe(200);
    edge.nowMs = startMs + imageLinkSeconds * 1000 + 60_000;
    const response = await edge.fetch(url);
    expect(response.status).toBe(410);
    expect(await response.json()).toMatchObject({ error: { code: "link_expired" } });
  });

  test("to a picture whose latent is gone is 404, as is a name that none of ours has", async () => {
    const { url, id } = await linkedPicture();
    await caches.default.delete(imageEdgeUrl(id, { format: "png" }));
    await caches.default.delete(edgeUrl(id));
    await edge.env.LATENTS.delete(storeKey(id));
    expect((await edge.fetch(url)).status).toBe(404);
    expect((await edge.fetch("/v1/images/cat.png?exp=1&sig=00")).status).toBe(404);
    expect((await edge.fetch(`/v1/images/${id}.gif?exp=1&sig=00`)).status).toBe(404);
  });
});
