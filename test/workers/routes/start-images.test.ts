import { beforeEach, describe, expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import type { QuoteResponse } from "../../../shared/api/money.ts";
import { pictureBytesMax } from "../../../shared/limits.ts";
import { createEventReader } from "../../../shared/wire/event-stream.ts";
import { firstBase64, firstPicture, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

/** By the price book, for a picture of 64×64 and a latent of 4×4. */
const encoded = 1 + 1;
const decoded = 3;
const generatedInSteps = (steps: number) => Math.ceil((steps * 16 * 175) / 1000) + 1;

beforeEach(() => {
  backend.behaviour = "works";
  backend.failsDecodes = false;
});

type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A form as OpenAI's clients send it; files are named by the fields that hold them. */
function form(fields: Fields, files: Readonly<Record<string, string>> = { image: "cat" }): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) for (const text of [value].flat()) body.append(name, text);
  for (const [name, text] of Object.entries(files)) body.append(name, new File([text], `${name}.png`));
  return body;
}

function send(key: string, body: FormData, route = "edits", headers: Record<string, string> = {}): Promise<Response> {
  const authorization = `Bearer ${key}`;
  return edge.fetch(`/v1/images/${route}`, { method: "POST", headers: { authorization, ...headers }, body });
}

function readEvents(text: string): { readonly event: string; readonly data: Record<string, unknown> }[] {
  const events = createEventReader().push(text);
  return events.map(({ event, data }) => ({ event, data: JSON.parse(data) }));
}

async function edit(key: string, fields: Fields = {}, files?: Readonly<Record<string, string>>) {
  const response = await send(key, form({ prompt: "apple", seed: "1", ...fields }, files));
  if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
  return (await response.json()) as ImagesResponse;
}

describe("an edit", () => {
  test("whose mask cannot be read costs no run of the compressor, however good its picture", async () => {
    const key = await edge.createKey();
    const before = backend.tools.length;
    const body = form({ prompt: "apple" }, { image: "a good picture", mask: "bad" });
    const answer = await send(key, body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: "mask" } }]);
    expect(backend.tools.slice(before)).toEqual(["/encode-mask"]);
  });

  test("shares the run of its picture with nobody of another account", async () => {
    const shareKeys = new Set<string | null>();
    for (const key of [await edge.createKey(), await edge.createKey()]) {
      const from = backend.transcript.length;
      await edit(key, {}, { image: "the same picture" });
      const sent = backend.transcript.slice(from).find((text) => text.includes("/encode-image"));
      shareKeys.add(new URL(sent?.split("\n")[0] ?? "").searchParams.get("shareKey"));
    }
    expect(shareKeys.size).toBe(2);
    expect(shareKeys.has(null)).toBe(false);
  });

  test("runs the compressor once and Stage C from its latent, and a repeat runs neither", async () => {
    const key = await edge.createKey();
    const before = backend.tools.length;
    const first = await edit(key, { n: "2", strength: "0.5" });
    expect(backend.tools.slice(before)).toEqual(["/encode-image"]);
    expect(backend.jobs.at(-1)).toMatchObject({ start: { strength: 0.5 }, seeds: [expect.any(Number)], steps: 6 });
    const again = await edit(key, { n: "2", strength: "0.5" });
    expect(backend.tools.length).toBe(before + 1);
    expect(again.data.map(({ latent_id }) => latent_id)).toEqual(first.data.map(({ latent_id }) => latent_id));
    expect(again.start_latent_id).toBe(first.start_latent_id);
  });

  test("pays for the compressor once, and for the steps that its strength runs", async () => {
    const key = await edge.createKey();
    const first = await edit(key, { strength: "0.5" });
    expect(first.usage.cost.micro_usd).toBe(encoded + generatedInSteps(3) + decoded);
    const other = await edit(key, { strength: "0.5", seed: "2" });
    expect(other.usage.cost.micro_usd).toBe(generatedInSteps(3) + decoded);
  });

  test("pays for the compressor once even if its picture comes many times at once", async () => {
    const key = await edge.createKey();
    const seeds = Array.from({ length: 12 }, (_, seed) => `${seed}`);
    const answers = await Promise.all(seeds.map((seed) => edit(key, { strength: "0.5", seed })));
    const charged = answers.map(({ usage }) => usage.cost.micro_usd);
    expect(charged.reduce((sum, each) => sum + each, 0)).toBe(encoded + 12 * (generatedInSteps(3) + decoded));
    expect(new Set(answers.map(({ start_latent_id }) => start_latent_id)).size).toBe(1);
  });

  test("whose mask opens a part is a job with the mask's cells, all of it new unless a strength is given", async () => {
    await edit(await edge.createKey(), {}, { image: "cat", mask: "hole" });
    expect(backend.jobs.at(-1)?.start).toMatchObject({ strength: 1, mask: "1100".repeat(4) });
  });

  test("is found again by all that decides it: picture, mask, strength, size and prompt", async () => {
    const key = await edge.createKey();
    const answers = [
      await edit(key),
      await edit(key, {}, { image: "dog" }),
      await edit(key, {}, { image: "cat", mask: "hole" }),
      await edit(key, {}, { image: "cat", mask: "other" }),
      await edit(key, { strength: "0.2" }),
      await edit(key, { size: "96x64" }),
      await edit(key, { prompt: "dog" }),
    ];
    expect(new Set(answers.map((answer) => firstPicture(answer).latent_id)).size).toBe(answers.length);
  });

  test("of one account shares nothing with another's, start included", async () => {
    const [first, second] = [await edit(await edge.createKey()), await edit(await edge.createKey())];
    expect(first.start_latent_id).not.toBe(second.start_latent_id);
    expect(firstPicture(first).latent_id).not.toBe(firstPicture(second).latent_id);
  });

  test("leaves its start to its owner, who may begin from it again, and keeps no picture", async () => {
    const key = await edge.createKey();
    const { start_latent_id: id } = await edit(key, {}, { image: "my secret cat" });
    expect((await edge.get(key, `/v1/latents/${id}`)).status).toBe(200);
    expect((await edge.get(await edge.createKey(), `/v1/latents/${id}`)).status).toBe(404);
    const { objects } = await (edge.env.LATENTS as R2Bucket).list();
    for (const { key: name } of objects) {
      expect(await (await (edge.env.LATENTS as R2Bucket).get(name))?.text()).not.toContain("my secret cat");
    }
    expect(edge.logLines.join()).not.toContain("secret");
  });

  test("with an idempotency key is charged once, and the key stands for its picture too", async () => {
    const key = await edge.createKey();
    const headers = { "idempotency-key": crypto.randomUUID() };
    const body = () => form({ prompt: "apple" });
    const first = await send(key, body(), "edits", headers);
    const again = await send(key, body(), "edits", headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(await again.json()).toMatchObject({
      usage: { cost: { micro_usd: (await first.clone().json<ImagesResponse>()).usage.cost.micro_usd } },
    });
    const other = await send(key, form({ prompt: "apple" }, { image: "dog" }), "edits", headers);
    expect(other.status).toBe(422);
  });

  test("may be JSON with base64 or a data URL, and gives the same", async () => {
    const key = await edge.createKey();
    const made = await edit(key);
    for (const image of [btoa("cat"), `data:image/png;base64,${btoa("cat")}`]) {
      const response = await edge.fetch("/v1/images/edits", {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ prompt: "apple", seed: 1, image }),
      });
      expect(firstBase64(await response.json())).toBe(firstBase64(made));
    }
  });

  test("that accepts an image is answered with its bytes", async () => {
    const key = await edge.createKey();
    const response = await send(key, form({ prompt: "apple" }), "edits", { accept: "image/webp" });
    expect(response.headers.get("content-type")).toBe("image/webp");
  });
});

describe("a variation", () => {
  test("needs no prompt, and then no guidance", async () => {
    const key = await edge.createKey();
    const response = await send(key, form({ n: "2" }), "variations");
    expect(response.status).toBe(200);
    expect(backend.jobs.at(-1)).toMatchObject({ tokenIds: [2, 3], guidanceScale: 1, start: { strength: 0.5 } });
  });

  test("with a prompt is guided by it", async () => {
    await send(await edge.createKey(), form({ prompt: "green" }), "variations");
    expect(backend.jobs.at(-1)).toMatchObject({ guidanceScale: 3 });
  });
});

describe("a stream", () => {
  const fields = { prompt: "apple", seed: "5", strength: "0.5", stream: "true", partial_images: "2" };

  test("of an edit shows partial images of the steps that run, and then the picture that is given without it", async () => {
    const account = "edits-in-a-stream";
    const key = await edge.createKey(account);
    const response = await send(key, form(fields));
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    const events = readEvents(await response.text());
    const partial = "image_edit.partial_image";
    expect(events.map(({ event }) => event)).toEqual([partial, partial, "image_edit.completed"]);
    expect(events.map(({ data }) => data["type"])).toEqual(events.map(({ event }) => event));
    // Six steps, of which three run.
    expect(events.slice(0, 2).map(({ data }) => data["b64_json"])).toEqual(
      [1, 2].map((step) => btoa(`preview ${step}`)),
    );
    expect(await edge.ledger(account).balances()).toMatchObject({ spent: encoded + generatedInSteps(3) + decoded });
    const plain = await edit(key, { strength: "0.5", seed: "5" });
    expect(events[2]?.data).toMatchObject({ seed: 5, b64_json: firstBase64(plain), usage: { cost: {} } });
  });

  test("of variations of a picture or of a latent has the same events", async () => {
    const key = await edge.createKey();
    const variations = readEvents(await (await send(key, form({ ...fields, prompt: "" }), "variations")).text());
    const last = variations.at(-1);
    expect(last?.event).toBe("image_edit.completed");
    const path = `/v1/latents/${last?.data["latent_id"]}/variations`;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify({ stream: true });
    const response = await edge.fetch(path, { method: "POST", headers, body });
    expect(readEvents(await response.text()).map(({ event }) => event)).toEqual(["image_edit.completed"]);
  });

  test("whose start cannot be made is refused with the usual status", async () => {
    const response = await send(await edge.createKey(), form(fields, { image: "bad" }));
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param: "image" } }]);
  });
});

describe("a quote", () => {
  const quote = (key: string, body: object) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    return edge.fetch("/v1/quotes", { method: "POST", headers, body: JSON.stringify({ prompt: "apple", ...body }) });
  };

  test("of an edit or a variation is what the request is charged, by its strength, its mask and its size", async () => {
    const key = await edge.createKey();
    const quoteOf = async (body: object) => (await (await quote(key, body)).json<QuoteResponse>()).ceiling_micro_usd;
    const chargeOf = async (fields: Fields, files = {}, route = "edits") => {
      const response = await send(key, form(fields, { image: crypto.randomUUID(), ...files }), route);
      return (await response.json<ImagesResponse>()).usage.cost.micro_usd;
    };
    const prompt = "apple";
    const edits = "/v1/images/edits";
    expect(await quoteOf({ endpoint: edits })).toBe(await chargeOf({ prompt }));
    expect(await quoteOf({ endpoint: edits, mask: true })).toBe(await chargeOf({ prompt }, { mask: "half" }));
    expect(await quoteOf({ endpoint: edits, strength: 0.2, n: 2, size: "96x96" })).toBe(
      await chargeOf({ prompt, strength: "0.2", n: "2", size: "96x96" }),
    );
    expect(await quoteOf({ endpoint: "/v1/images/variations", prompt: "" })).toBe(await chargeOf({}, {}, "variations"));
  });

  test.each([
    ["another endpoint", "endpoint", { endpoint: "/v1/embeddings" }],
    ["a file", "mask", { endpoint: "/v1/images/edits", mask: "aGFsZg==" }],
    ["a picture", "image", { endpoint: "/v1/images/edits", image: "Y2F0" }],
    ["a strength of a generation", "strength", { strength: 0.5 }],
    ["a mask of a generation", "mask", { endpoint: "/v1/images/generations", mask: true }],
    ["similar prompts of an edit", "reuse", { endpoint: "/v1/images/edits", reuse: "similar" }],
  ])("with %s is refused by the field", async (_, param, body) => {
    const response = await quote(await edge.createKey(), body);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param } }]);
  });
});

describe("a body that cannot be used is refused by its field, and costs nothing:", () => {
  test.each<[string, string | null, FormData]>([
    ["no image", "image", form({ prompt: "apple" }, {})],
    ["two images", "image", form({ prompt: "apple" }, { image: "cat", "image[]": "dog" })],
    ["an image that is text", "image", form({ prompt: "apple", image: "cat" }, {})],
    ["another file", "other", form({ prompt: "apple" }, { image: "cat", other: "x" })],
    ["no prompt", "prompt", form({})],
    ["a strength beyond 1", "strength", form({ prompt: "apple", strength: "1.5" })],
    ["a number that is none", "n", form({ prompt: "apple", n: "two" })],
    ["an unknown field", "colour", form({ prompt: "apple", colour: "red" })],
    ["a size that is not offered", "size", form({ prompt: "apple", size: "50x50" })],
    ["sides that are not offered", "width", form({ prompt: "apple", width: "50", height: "50" })],
    ["two values of one field", "seed", form({ prompt: "apple", seed: ["1", "2"] })],
    ["links in a stream", "response_format", form({ prompt: "apple", stream: "true", response_format: "url" })],
    ["four partial images", "partial_images", form({ prompt: "apple", stream: "true", partial_images: "4" })],
    ["a picture that the backend cannot read", "image", form({ prompt: "apple" }, { image: "bad" })],
    ["a mask that the backend cannot read", "mask", form({ prompt: "apple" }, { image: "cat", mask: "bad" })],
    ["a picture that is too large", "image", form({ prompt: "a" }, { image: "x".repeat(pictureBytesMax + 1) })],
  ])("%s", async (_, param, body) => {
    const account = `refused-${crypto.randomUUID()}`;
    const response = await send(await edge.createKey(account, 10_000), body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_request", param } });
    expect(await edge.ledger(account).balances()).toMatchObject({ available: 10_000, held: 0, spent: 0 });
  });

  test.each(["prompt", "negative_prompt"])("a %s that is not UTF-8", async (name) => {
    const key = await edge.createKey();
    const part = (head: string) => `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\n`;
    const prompt = name === "prompt" ? "" : `${part('name="prompt"')}apple\r\n`;
    const before = `${part('name="image"; filename="a.png"')}cat\r\n${prompt}${part(`name="${name}"`)}`;
    const body = (text: Uint8Array<ArrayBuffer>) => new Blob([before, text, "\r\n--b--\r\n"]);
    const headers = { authorization: `Bearer ${key}`, "content-type": "multipart/form-data; boundary=b" };
    const answer = async (text: Uint8Array<ArrayBuffer>) =>
      edge.fetch("/v1/images/edits", { method: "POST", headers, body: await body(text).arrayBuffer() });
    const latin = await answer(Uint8Array.of(0x63, 0xe9));
    expect([latin.status, await latin.json()]).toMatchObject([400, { error: { param: name } }]);
    // The sign itself, which stands for what was lost before it was sent, is a character like others.
    expect((await answer(Uint8Array.from(new TextEncoder().encode("apple \ufffd")))).status).toBe(200);
  });

  test("another content type", async () => {
    const headers = { authorization: `Bearer ${await edge.createKey()}`, "content-type": "text/plain" };
    const response = await edge.fetch("/v1/images/edits", { method: "POST", headers, body: "x" });
    expect(response.status).toBe(415);
  });

  test("no credit, before anything is read", async () => {
    const before = backend.tools.length;
    expect((await send(await edge.createKey(undefined, 5), form({ prompt: "apple" }))).status).toBe(402);
    expect(backend.tools.length).toBe(before);
  });
});

test("an edit whose pictures cannot be made is not charged, not even for its start", async () => {
  const account = "edit-without-decode";
  const key = await edge.createKey(account, 10_000);
  backend.failsDecodes = true;
  expect((await send(key, form({ prompt: "apple" }))).status).toBe(502);
  expect(await edge.ledger(account).balances()).toMatchObject({ available: 10_000, held: 0, spent: 0 });
});
