import { expect, test } from "vitest";
import { decodeLatent } from "../../../shared/latents/latent-format.ts";
import { edgeUrl } from "../../../workers/latents/latent-cache.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const edge = new TestEdge();

async function latentOf(key: string): Promise<string> {
  return firstPicture(await edge.generate(key, { prompt: "apple", seed: 9 })).latent_id;
}

test("a latent is a safetensors file that names model, revision and seed", async () => {
  const key = await edge.createKey();
  const id = await latentOf(key);
  const response = await edge.get(key, `/v1/latents/${id}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  expect(response.headers.get("content-disposition")).toBe(`attachment; filename="${id}.safetensors"`);
  expect(response.headers.get("cache-control")).toContain("private");
  const latent = decodeLatent(new Uint8Array(await response.arrayBuffer()));
  expect(latent).toMatchObject({
    ok: true,
    value: { shape: [16, 4, 4], metadata: { model: manifest.id, revision: manifest.revision, seed: "9" } },
  });
});

test("a latent of another account looks like none, from the edge and from the store", async () => {
  const id = await latentOf(await edge.createKey());
  const stranger = await edge.createKey();
  const fromEdge = await edge.get(stranger, `/v1/latents/${id}`);
  await caches.default.delete(edgeUrl(id));
  const fromStore = await edge.get(stranger, `/v1/latents/${id}`);
  const none = await edge.get(stranger, `/v1/latents/${"0".repeat(64)}`);
  expect([fromEdge.status, fromStore.status, none.status]).toEqual([404, 404, 404]);
  expect(await fromEdge.json()).toEqual(await none.json());
});

test("every key of the same account reaches its latents", async () => {
  const account = "two-keys";
  const id = await latentOf(await edge.createKey(account));
  expect((await edge.get(await edge.createKey(account), `/v1/latents/${id}`)).status).toBe(200);
});

test("a name that is no latent's is 404", async () => {
  const key = await edge.createKey();
  for (const name of ["x", "..%2fsecrets", "A".repeat(64)]) {
    expect((await edge.get(key, `/v1/latents/${name}`)).status).toBe(404);
  }
});
