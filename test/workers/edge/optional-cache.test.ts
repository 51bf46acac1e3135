import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { optionalCache } from "../../../workers/edge/optional-cache.ts";
import { parseEnv } from "../../../workers/env.ts";
import { createLatentCache } from "../../../workers/latents/latent-cache.ts";

const fails = () => Promise.reject(new TypeError("The cache is away."));
const brokenCache = { match: fails, put: fails, delete: fails };

test("a latent is stored and found in R2 while the edge's cache fails, and each failure is logged", async () => {
  const logged: unknown[] = [];
  const edge = optionalCache(brokenCache, (entry) => logged.push(entry));
  const latents = createLatentCache({ bucket: parseEnv(env).LATENTS, edge });
  const bytes = Uint8Array.of(1, 2, 3);
  await latents.put("a".repeat(64), { bytes, account: "someone" });
  expect(await latents.find("a".repeat(64))).toMatchObject({ bytes, account: "someone" });
  expect(logged).toEqual(["put", "match", "put"].map((call) => ({ event: "edge_cache_failed", call })));
});

test("a copy that could not be deleted is not called deleted", async () => {
  const edge = optionalCache(brokenCache, () => {});
  await expect(edge.delete("https://edge-cache.invalid/a")).rejects.toThrow("The cache is away.");
});

test("a cache that works is used as it is", async () => {
  const edge = optionalCache(caches.default, () => {});
  const url = "https://edge-cache.invalid/optional";
  expect(await edge.match(url)).toBeUndefined();
  await edge.put(url, new Response("kept", { headers: { "cache-control": "max-age=60" } }));
  expect(await (await edge.match(url))?.text()).toBe("kept");
  expect(await edge.delete(url)).toBe(true);
});
