import OpenAI, { toFile } from "openai";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { metricOf } from "../support/backend.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// OpenAI's client as it is installed, against workerd and the backend with the tiny bundle over HTTP.

const stack = useTinyStack();

interface Made {
  readonly b64_json: string;
  readonly seed: number;
  readonly latent_id: string;
  readonly tier: string;
}

function client(): OpenAI {
  return new OpenAI({ baseURL: `${stack().url}/v1`, apiKey: stack().apiKey, maxRetries: 0 });
}

async function picture(hue: number, size = 64) {
  const data = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i % 3 === hue ? 220 : (i >> 4) % 90));
  const file = await sharp(data, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
  return toFile(file, "picture.png", { type: "image/png" });
}

async function mask(painted: (x: number, y: number) => boolean) {
  const data = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => {
    const pixel = i >> 2;
    return i % 4 === 3 && !painted(pixel % 64, pixel >> 6) ? 255 : 0;
  });
  const file = await sharp(data, { raw: { width: 64, height: 64, channels: 4 } })
    .png()
    .toBuffer();
  return toFile(file, "mask.png", { type: "image/png" });
}

async function workOf() {
  const count = (name: string) => metricOf({ url: stack().backendUrl }, name);
  const [stageC, encodes, decodes] = [count("stage_c_runs_total"), count("encodes_total"), count("decodes_total")];
  return { stageC: await stageC, encodes: await encodes, decodes: await decodes };
}

async function sizeOf({ b64_json }: Made): Promise<string> {
  const { width, height, format } = await sharp(Buffer.from(b64_json, "base64")).metadata();
  return `${format} ${width}x${height}`;
}

const items = ({ data = [] }: OpenAI.ImagesResponse) => data as unknown as readonly Made[];
const field = (answer: OpenAI.ImagesResponse, name: string): unknown => Reflect.get(answer, name);
/** What OpenAI's types leave out reaches the body as any other field does. */
const extra = (fields: Record<string, unknown>) => fields as object;

describe("images.edit", () => {
  test(
    "makes pictures from a picture and a prompt, and a repeat is served from what is stored",
    async () => {
      const before = await workOf();
      const request = { model: "tiny", prompt: "red apple", n: 2, ...extra({ seed: 5, steps: 4, strength: 0.5 }) };
      const first = await client().images.edit({ ...request, image: await picture(0) });
      expect(items(first).map(({ seed, tier }) => ({ seed, tier }))).toEqual([
        { seed: 5, tier: "generated" },
        { seed: 6, tier: "generated" },
      ]);
      expect(await Promise.all(items(first).map(sizeOf))).toEqual(["png 64x64", "png 64x64"]);
      expect(field(first, "start_latent_id")).toMatch(/^[0-9a-f]{64}$/u);

      const again = await client().images.edit({ ...request, image: await picture(0) });
      expect(items(again).map(({ b64_json }) => b64_json)).toEqual(items(first).map(({ b64_json }) => b64_json));
      const after = await workOf();
      expect(after).toEqual({ stageC: before.stageC + 2, encodes: before.encodes + 1, decodes: before.decodes + 2 });
    },
    startMsMax,
  );

  test("paints what the mask opens, and depends on picture, mask, strength and prompt", async () => {
    const image = await picture(1);
    const opened = await mask((x, y) => x >= 32 && y < 32);
    const base = { model: "tiny", image, prompt: "red apple", ...extra({ seed: 1, steps: 4 }) };
    const answers = [
      await client().images.edit(base),
      await client().images.edit({ ...base, mask: opened }),
      await client().images.edit({ ...base, mask: await mask((x) => x < 32) }),
      await client().images.edit({ ...base, ...extra({ strength: 0.3 }) }),
      await client().images.edit({ ...base, image: await picture(2) }),
      await client().images.edit({ ...base, prompt: "green dog" }),
    ];
    expect(new Set(answers.map((answer) => items(answer)[0]?.latent_id)).size).toBe(answers.length);
    expect(new Set(answers.map((answer) => items(answer)[0]?.b64_json)).size).toBe(answers.length);
  });

  test("takes the one picture of a list, any format, and any size that the model's limits allow", async () => {
    const file = await sharp({ create: { width: 90, height: 40, channels: 3, background: "teal" } })
      .webp()
      .toBuffer();
    const image = [await toFile(file, "picture.webp", { type: "image/webp" })];
    const request = { model: "tiny", image, prompt: "blue house", size: "96x32", output_format: "jpeg" } as const;
    const [made] = items(await client().images.edit(request));
    expect(made && (await sizeOf(made))).toBe("jpeg 96x32");
  });

  test("tells what is wrong with a file, and charges nothing", async () => {
    const balance = async () => (await client().get("/balance")) as { available_micro_usd: number };
    const before = (await balance()).available_micro_usd;
    const request = { model: "tiny", prompt: "red apple", ...extra({ steps: 3 }) };
    const text = await toFile(Buffer.from("no picture"), "a.png", { type: "image/png" });
    const image = await picture(0);
    for (const [change, param] of [
      [{ image: text }, "image"],
      [{ image, mask: text }, "mask"],
      [{ image, mask: await mask(() => false) }, "mask"],
      [{ image: [image, image] }, "image"],
      [{ image, size: "100x100" }, "size"],
      [{ image, ...extra({ strength: 2 }) }, "strength"],
      [{ image, ...extra({ n: "many" }) }, "n"],
    ] as const) {
      const failing = client().images.edit({ ...request, ...change } as OpenAI.ImageEditParamsNonStreaming);
      await expect(failing).rejects.toMatchObject({ status: 400, param });
    }
    expect((await balance()).available_micro_usd).toBe(before);
  });
});

describe("images.createVariation", () => {
  test("makes siblings of a picture without a prompt", async () => {
    const image = await picture(0);
    const answer = await client().images.createVariation({ image, n: 3, response_format: "b64_json", model: "tiny" });
    expect(new Set(items(answer).map(({ b64_json }) => b64_json)).size).toBe(3);
  });
});

describe("latents as resources:", () => {
  const post = (path: string, body: object) => client().post<OpenAI.ImagesResponse>(path, { body });

  async function twoLatents(): Promise<[Made, Made]> {
    const request = { model: "tiny", prompt: "red apple", n: 2, ...extra({ seed: 40, steps: 3 }) };
    const [first, second] = items(await client().images.generate(request));
    if (first === undefined || second === undefined) throw new TypeError("Two pictures were asked for.");
    return [first, second];
  }

  test("decode gives the very picture again, and others formats, without Stage C", async () => {
    const [first] = await twoLatents();
    const before = await workOf();
    const [png] = items(await post(`/latents/${first.latent_id}/decode`, {}));
    expect(png).toMatchObject({ b64_json: first.b64_json, seed: first.seed, latent_id: first.latent_id });
    const webp = await post(`/latents/${first.latent_id}/decode`, { output_format: "webp", output_compression: 30 });
    expect(items(webp)[0]?.tier).toBe("latent");
    expect((await workOf()).stageC).toBe(before.stageC);
  });

  test("interpolate goes from one latent to the other, ends included", async () => {
    const [first, second] = await twoLatents();
    const body = { latent_id: second.latent_id, t: [0, 0.5, 1] };
    const answer = await post(`/latents/${first.latent_id}/interpolate`, body);
    const [start, middle, end] = items(answer);
    expect([start?.b64_json, end?.b64_json]).toEqual([first.b64_json, second.b64_json]);
    expect([first.b64_json, second.b64_json]).not.toContain(middle?.b64_json);
    const again = await post(`/latents/${first.latent_id}/interpolate`, body);
    // A second may pass between the two.
    const ofAnyAge = (item: Made) => ({ ...item, age_seconds: expect.any(Number), tier: "image" });
    expect(items(again)).toEqual(items(answer).map(ofAnyAge));
  });

  test("variations start from a stored latent", async () => {
    const [first] = await twoLatents();
    const answer = await post(`/latents/${first.latent_id}/variations`, { n: 2, strength: 0.4, seed: 1, steps: 5 });
    expect(field(answer, "start_latent_id")).toBe(first.latent_id);
    expect(new Set([first, ...items(answer)].map(({ b64_json }) => b64_json)).size).toBe(3);
  });

  test("what was fetched can be brought again, decodes to the same picture, and can be deleted", async () => {
    const [first] = await twoLatents();
    const headers = { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/octet-stream" };
    const latents = `${stack().url}/v1/latents`;
    const body = await (await fetch(`${latents}/${first.latent_id}`, { headers })).arrayBuffer();
    const kept = await fetch(latents, { method: "PUT", headers, body });
    expect(kept.status).toBe(201);
    const { id, size } = (await kept.json()) as { id: string; size: string };
    expect(size).toBe("64x64");
    expect((await fetch(latents, { method: "PUT", headers, body })).status).toBe(200);
    const [decoded] = items(await post(`/latents/${id}/decode`, {}));
    expect(decoded).toMatchObject({ b64_json: first.b64_json, latent_id: id });
    expect((await fetch(`${latents}/${id}`, { method: "DELETE", headers })).status).toBe(200);
    await expect(post(`/latents/${id}/decode`, {})).rejects.toMatchObject({ status: 404 });
    expect((await fetch(`${latents}/${id}`, { method: "DELETE", headers })).status).toBe(404);
    const cut = await fetch(latents, { method: "PUT", headers, body: body.slice(0, -2) });
    expect(await cut.json()).toMatchObject({ error: { code: "invalid_request", param: "latent" } });
  });
});
