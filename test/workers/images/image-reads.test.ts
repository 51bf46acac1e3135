import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { createImageCache, imageEdgeUrl } from "../../../workers/images/image-cache.ts";
import { edgeUrl } from "../../../workers/latents/latent-cache.ts";
import { TestEdge } from "../support/test-edge.ts";

const entrypoint = { fetch: (url: string) => exports.ImageReadsEntrypoint.fetch(url) };
const png = { format: "png" } as const;

test("a picture is found through the entrypoint as it was put, and one that was not is not", async () => {
  const images = createImageCache(caches.default, entrypoint);
  const latentId = "a".repeat(64);
  expect(await images.find(latentId, png)).toBeUndefined();
  const put = await images.put(latentId, png, new Uint8Array([1, 2, 3]));
  expect(await images.find(latentId, png)).toEqual(put);
  const streamed = await images.stream(latentId, png);
  expect(new Uint8Array(await new Response(streamed?.body).arrayBuffer())).toEqual(put.bytes);
  expect(streamed).toMatchObject({ etag: put.etag, length: "3" });
});

test("the entrypoint gives what may be kept for good, and never that there is nothing", async () => {
  const latentId = "b".repeat(64);
  const missing = await entrypoint.fetch(imageEdgeUrl(latentId, png));
  expect([missing.status, missing.headers.get("cache-control")]).toEqual([404, "no-store"]);
  await createImageCache(caches.default).put(latentId, png, new Uint8Array([1]));
  const found = await entrypoint.fetch(imageEdgeUrl(latentId, png));
  expect(found.headers.get("cache-control")).toContain("immutable");
});

test("the entrypoint gives no latent, which belongs to an account", async () => {
  const url = edgeUrl("c".repeat(64));
  await caches.default.put(url, new Response("latent", { headers: { "cache-control": "max-age=60" } }));
  expect((await entrypoint.fetch(url)).status).toBe(404);
});

test("with IMAGE_READS=workers-cache, a repeat is served from the entrypoint", async () => {
  const edge = new TestEdge({ IMAGE_READS: "workers-cache" });
  const key = await edge.createKey();
  await edge.generate(key, { prompt: "apple", seed: 1 });
  const { data } = await edge.generate(key, { prompt: "apple", seed: 1 });
  expect(data[0]).toMatchObject({ tier: "image" });
});
