import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { createEventReader } from "../../../shared/wire/event-stream.ts";
import { storeKey } from "../../../workers/latents/latent-cache.ts";
import { ledgerStub } from "../support/account-book.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

const known = { prompt: "red apple, 3d", reuse: "similar" };
const near = { prompt: "a 3d, red apple", reuse: "similar" };

/** A key of an account that was given a picture of the known prompt, and that picture. */
async function accountWithKnown(account?: string) {
  const key = await edge.createKey(account);
  const made = firstPicture(await edge.generate(key, known));
  expect(made.tier).toBe("generated");
  return { key, made };
}

describe("a request with reuse similar", () => {
  test("is given the latent of a prompt that is nearly the same, says so, and pays a hit", async () => {
    const { key, made } = await accountWithKnown();
    const runs = edge.backend.jobs.length;
    const response = await edge.post(key, near);
    expect(response.headers.get("x-wuerstchen-similar")).toBe("true");
    const answer: Awaited<ReturnType<TestEdge["generate"]>> = await response.json();
    const { latent_id, seed } = made;
    expect(answer.data).toMatchObject([{ similar: true, tier: "image", latent_id, seed }]);
    expect(answer.usage.pictures).toMatchObject([{ similar: true, latent_id }]);
    expect(edge.backend.jobs.length).toBe(runs);
    const hit = await edge.generate(key, { ...known, seed });
    expect(answer.usage.cost).toEqual(hit.usage.cost);
    expect(firstPicture(await edge.generate(key, { ...near, output_format: "webp" }))).toMatchObject({
      similar: true,
      tier: "latent",
      latent_id,
    });
  });

  test("says so beside the bytes of a picture, and in a stream", async () => {
    const { key, made } = await accountWithKnown();
    const bytes = await edge.post(key, near, { accept: "image/png" });
    expect(bytes.headers.get("x-wuerstchen-similar")).toBe("true");
    expect(bytes.headers.get("x-wuerstchen-latent-id")).toBe(made.latent_id);
    const stream = await edge.post(key, { ...near, stream: true });
    const events = createEventReader().push(await stream.text());
    expect(events.map(({ data }) => JSON.parse(data))).toMatchObject([{ similar: true, latent_id: made.latent_id }]);
  });

  test("is served by its own latents first, and makes what the near prompt lacks", async () => {
    const { key, made } = await accountWithKnown();
    const two = await edge.generate(key, { ...near, n: 2 });
    expect(two.data).toMatchObject([{ similar: true, latent_id: made.latent_id }, { tier: "generated" }]);
    expect(two.data[1]).not.toHaveProperty("similar");
    const own = firstPicture(await edge.generate(key, near));
    expect(own.latent_id).toBe(two.data[1]?.latent_id);
    expect(own).not.toHaveProperty("similar");
  });

  test("that is repeated with its Idempotency-Key gives the same picture, whatever was made meanwhile", async () => {
    const { key, made } = await accountWithKnown();
    const headers = { "idempotency-key": "near" };
    await edge.post(key, near, headers);
    await edge.generate(key, { prompt: near.prompt });
    const again = await edge.post(key, near, headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(firstPicture(await again.json())).toMatchObject({ similar: true, latent_id: made.latent_id });
  });

  test("is made anew where the near prompt's latent is lost, and does not call that similar", async () => {
    const { key, made } = await accountWithKnown();
    await edge.services.latents.delete(made.latent_id);
    expect(await edge.env.LATENTS.head(storeKey(made.latent_id))).toBeNull();
    const response = await edge.post(key, near);
    expect(response.headers.has("x-wuerstchen-similar")).toBe(false);
    const picture = firstPicture(await response.json());
    expect(picture.tier).toBe("generated");
    expect(picture.latent_id).not.toBe(made.latent_id);
    expect(picture).not.toHaveProperty("similar");
  });
});

describe("nothing similar is given", () => {
  test.each([
    ["without the field", { prompt: near.prompt }],
    ["to an explicit seed", { ...near, seed: 5 }],
    ["to a prompt with another word", { ...near, prompt: "green apple, 3d" }],
    ["with other steps", { ...near, steps: 7 }],
    ["with another guidance", { ...near, guidance_scale: 2 }],
    ["with another negative prompt", { ...near, negative_prompt: "dog" }],
  ])("%s", async (_, body) => {
    const { key } = await accountWithKnown();
    const response = await edge.post(key, body);
    expect(response.headers.has("x-wuerstchen-similar")).toBe(false);
    const picture = firstPicture(await response.json());
    expect(picture.tier).toBe("generated");
    expect(picture).not.toHaveProperty("similar");
  });

  test("from another account", async () => {
    await accountWithKnown();
    const picture = firstPicture(await edge.generate(await edge.createKey(), near));
    expect(picture.tier).toBe("generated");
  });

  test("from prompts that were asked for without the field", async () => {
    const key = await edge.createKey();
    await edge.generate(key, { prompt: known.prompt });
    expect(firstPicture(await edge.generate(key, near)).tier).toBe("generated");
  });

  test.each([
    ["in the cache of everyone", { ...near, cache_scope: "shared" }, "cache_scope"],
    ["to an unknown kind of reuse", { ...near, reuse: "alike" }, "reuse"],
  ])("%s, but a failure that names the field", async (_, body, param) => {
    const key = await edge.createKey(undefined, 1_000, { scopes: ["generate", "shared_cache"] });
    const response = await edge.post(key, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });

  test("in jobs, edits and variations, which refuse the field", async () => {
    const key = await edge.createKey();
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const send = (method: string, path: string, body: object) =>
      edge.fetch(path, { method, headers, body: JSON.stringify(body) });
    const image = btoa("picture");
    for (const response of [
      await send("PUT", "/v1/jobs/near", { requests: [near] }),
      await send("POST", "/v1/images/edits", { ...near, image }),
      await send("POST", "/v1/images/variations", { ...near, image }),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { param: expect.stringMatching(/reuse$/u) } });
    }
  });
});

test("neither a prompt nor its token ids are stored to tell what is similar", async () => {
  const account = `similar-${crypto.randomUUID()}`;
  await accountWithKnown(account);
  const rows = await runInDurableObject(ledgerStub(account), (_, { storage: { sql } }) =>
    sql.exec("SELECT * FROM prompts").toArray(),
  );
  expect(rows).toMatchObject([{ tokens: expect.stringMatching(/^([0-9a-f]{12} ){3}[0-9a-f]{12}$/u), token_count: 4 }]);
});
