import { describe, expect, test } from "vitest";
import { parseCreateImageRequest } from "../../../shared/api/create-image-request.ts";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import type { Caller } from "../../../workers/generation/caller.ts";
import { generateImages } from "../../../workers/generation/generate-image.ts";
import { imageEdgeUrl } from "../../../workers/images/image-cache.ts";
import { doubledLatent } from "../support/picture-tools-double.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for a picture of 64×64 and a latent of 4×4 made in 6 steps. */
const decoded = 3;
const json = (body: object) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const form = () => {
  const body = new FormData();
  body.append("image", new File(["cat"], "image.png"));
  body.append("prompt", "apple");
  return { body };
};

interface Ways {
  readonly path: string;
  readonly init: () => RequestInit;
  /** The headers of the first request, and of its repeats. */
  readonly first: Readonly<Record<string, string>>;
  readonly again: Readonly<Record<string, string>>;
}

const idempotent = { first: { "idempotency-key": "once" }, again: { "idempotency-key": "once" } };
const counted = { first: { "x-stainless-retry-count": "0" }, again: { "x-stainless-retry-count": "1" } };
const generations = "/v1/images/generations";
const two = () => json({ prompt: "apple", n: 2 });

const everyWay: readonly (readonly [string, Ways])[] = [
  ["a generation by its key", { path: generations, init: two, ...idempotent }],
  ["a generation by its body, as a client's own retry", { path: generations, init: two, ...counted }],
  ["a generation with a seed", { path: generations, init: () => json({ prompt: "apple", seed: 5 }), ...idempotent }],
  ["an edit", { path: "/v1/images/edits", init: form, ...idempotent }],
  ["a variation", { path: "/v1/images/variations", init: form, ...idempotent }],
  [
    "a Hugging Face request",
    { path: `/hf/models/${manifest.id}`, init: () => json({ inputs: "apple" }), ...idempotent },
  ],
];

/** What backends were asked to do so far. */
const work = () => [backend.jobs.length, backend.decodes.length, backend.tools.length];

class Client {
  readonly #account = `replays-${crypto.randomUUID()}`;
  #key = "";

  static async open(): Promise<Client> {
    const client = new Client();
    client.#key = await edge.createKey(client.#account, 1_000);
    return client;
  }

  send(path: string, init: RequestInit, headers: Readonly<Record<string, string>> = {}, method = "POST") {
    const all = { ...init.headers, ...headers, authorization: `Bearer ${this.#key}` };
    return edge.fetch(path, { ...init, method, headers: all });
  }

  async spent(): Promise<number> {
    return (await edge.ledger(this.#account).balances()).spent;
  }

  /** A request that is answered, and the ids of its latents. */
  async ask(path: string, init: RequestInit, headers: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const response = await this.send(path, init, headers);
    expect(response.status).toBe(200);
    const id = response.headers.get("x-wuerstchen-latent-id");
    if (id !== null) return [id];
    return (await response.json<ImagesResponse>()).data.map(({ latent_id }) => latent_id);
  }
}

async function expectGone(response: Response): Promise<void> {
  expect([response.status, await response.json()]).toMatchObject([410, { error: { code: "idempotent_result_gone" } }]);
}

describe("a repeat of a request that was answered", () => {
  test.each(everyWay)(
    "runs nothing when its latents were deleted, and says 410: %s",
    async (_, { path, init, ...way }) => {
      const client = await Client.open();
      const ids = await client.ask(path, init(), way.first);
      for (const id of ids) expect((await client.send(`/v1/latents/${id}`, {}, {}, "DELETE")).status).toBe(200);
      const before = { work: work(), spent: await client.spent() };
      for (let i = 0; i < 5; i += 1) {
        const again = await client.send(path, init(), way.again);
        if (path.startsWith("/hf/")) expect(again.status).toBe(410);
        else await expectGone(again);
      }
      expect({ work: work(), spent: await client.spent() }).toEqual(before);
    },
  );

  test("runs nothing when one of its latents was evicted", async () => {
    const client = await Client.open();
    const [id = ""] = await client.ask(generations, two(), idempotent.first);
    await edge.services.latents.delete(id);
    const before = work();
    await expectGone(await client.send(generations, two(), idempotent.again));
    expect(work()).toEqual(before);
  });

  test("is made and charged anew under another key", async () => {
    const client = await Client.open();
    const init = () => json({ prompt: "apple", seed: 5 });
    const [id = ""] = await client.ask(generations, init(), idempotent.first);
    const spent = await client.spent();
    await client.send(`/v1/latents/${id}`, {}, {}, "DELETE");
    await client.ask(generations, init(), { "idempotency-key": "twice" });
    // The picture is still at this location.
    expect(await client.spent()).toBe(2 * spent - decoded);
  });

  test("gives the same pictures for nothing as long as they are there", async () => {
    const client = await Client.open();
    const ids = await client.ask(generations, two(), idempotent.first);
    const before = { work: work(), spent: await client.spent() };
    expect(await client.ask(generations, two(), idempotent.again)).toEqual(ids);
    expect({ work: work(), spent: await client.spent() }).toEqual(before);
  });

  test("pays for the decode of a picture that this location does not hold any more, once", async () => {
    const client = await Client.open();
    const [id = ""] = await client.ask(generations, two(), idempotent.first);
    await caches.default.delete(imageEdgeUrl(id, { format: "png" }));
    const spent = await client.spent();
    const again = await client.send(generations, two(), idempotent.again);
    expect(again.headers.get("x-wuerstchen-cost-micro-usd")).toBe(String(decoded));
    expect(again.headers.get("idempotent-replayed")).toBeNull();
    const last = await client.send(generations, two(), idempotent.again);
    expect(last.headers.get("idempotent-replayed")).toBe("true");
    expect(await client.spent()).toBe(spent + decoded);
  });

  test("many times at once pays for that decode once", async () => {
    const client = await Client.open();
    const [id = ""] = await client.ask(generations, two(), idempotent.first);
    await caches.default.delete(imageEdgeUrl(id, { format: "png" }));
    const spent = await client.spent();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.send(generations, two(), idempotent.again)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await client.spent()).toBe(spent + decoded);
  });

  test("of an interpolation runs nothing when the mix was deleted", async () => {
    const client = await Client.open();
    const [a, b] = await client.ask(generations, two(), {});
    const path = `/v1/latents/${a}/interpolate`;
    const init = () => json({ latent_id: b, t: [0.25] });
    const [mix] = await client.ask(path, init(), idempotent.first);
    await client.send(`/v1/latents/${mix}`, {}, {}, "DELETE");
    const before = { work: work(), spent: await client.spent() };
    await expectGone(await client.send(path, init(), idempotent.again));
    expect({ work: work(), spent: await client.spent() }).toEqual(before);
  });

  test("of a decode pays for the decode when the picture is gone here", async () => {
    const client = await Client.open();
    const [id = ""] = await client.ask(generations, json({ prompt: "apple", seed: 5 }), {});
    const path = `/v1/latents/${id}/decode`;
    const webp = () => json({ output_format: "webp" });
    await client.ask(path, webp(), idempotent.first);
    await caches.default.delete(imageEdgeUrl(id, { format: "webp" }));
    const spent = await client.spent();
    await client.ask(path, webp(), idempotent.again);
    expect(await client.spent()).toBe(spent + decoded);
  });

  test("of an upload whose latent was deleted is stored anew, and its place is paid for anew", async () => {
    const client = await Client.open();
    const upload = () => ({ body: doubledLatent("upload"), headers: { "content-type": "application/octet-stream" } });
    const first = await client.send("/v1/latents", upload(), idempotent.first, "PUT");
    const { id } = await first.json<{ readonly id: string }>();
    const spent = await client.spent();
    await client.send(`/v1/latents/${id}`, {}, {}, "DELETE");
    expect((await client.send("/v1/latents", upload(), idempotent.again, "PUT")).status).toBe(201);
    expect(await client.spent()).toBe(2 * spent);
  });

  test("of a job runs nothing either: its request fails with the reason", async () => {
    const account = `replays-${crypto.randomUUID()}`;
    await edge.createKey(account, 1_000);
    const { generation } = edge.services;
    const holdId = crypto.randomUUID();
    await edge.ledger(account).hold({ holdId, keyId: undefined, ceilingMicroUsd: 500 });
    const request = parseCreateImageRequest({ prompt: "apple", response_format: "url" });
    if (!request.ok) throw new TypeError(request.error.code);
    const caller: Caller = {
      account,
      holdId,
      location: "here",
      priority: "batch",
      signal: new AbortController().signal,
      isRetry: false,
      idempotencyKey: `job ${holdId} 0`,
    };
    const once = () => generateImages(generation, caller, request.value);
    const first = await once();
    if (!first.ok) throw new TypeError(first.error.code);
    for (const { latentId } of first.value.pictures) await edge.services.latents.delete(latentId);
    const before = work();
    expect(await once()).toEqual({ ok: false, error: { code: "idempotent_result_gone" } });
    expect(work()).toEqual(before);
  });
});
