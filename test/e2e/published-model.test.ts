import OpenAI from "openai";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { readEdgeFiles } from "../../scripts/local-models.ts";
import type { ModelItem } from "../../shared/api/models-list.ts";
import { decodeLatent, describeLatent } from "../../shared/latents/latent-format.ts";
import { differenceMax } from "../support/float32-hex.ts";
import { latentValues, publishedDirectory, publishedFamilies, publishedGolden } from "../support/published-models.ts";
import { runCli } from "../support/run-cli.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// Checkpoints as diffusers saves them, imported, served side by side by one real backend and the real Worker. Only
// their weights are not.

/** A value of a latent that lies between two float16 numbers may be rounded to either. */
const float16Step = 2 ** -10;
const pixelDifferenceMax = 1;

const stack = useTinyStack(publishedDirectory("v2"), async () => ({}), [publishedDirectory("cascade"), tinyDirectory]);
const models = ["tiny-v2", "tiny-cascade", "tiny"];

function send(method: string, path: string, body?: object, credential = stack().apiKey): Promise<Response> {
  return fetch(`${stack().url}${path}`, {
    method,
    headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** `wuerstchen models …`, as the operator. */
function order(...args: string[]) {
  return runCli(["models", ...args, "--url", stack().url], { WUERSTCHEN_ADMIN_SECRET: stack().adminSecret });
}

/** The latent of a request, and the bytes of its picture as base64. */
async function generate(model: string | undefined, seed: number) {
  const answer = await send("POST", "/v1/images/generations", { prompt: "apple", steps: 2, seed, model });
  expect(answer.status).toBe(200);
  const { data } = (await answer.json()) as { data: { latent_id: string; b64_json: string }[] };
  const [{ latent_id: id, b64_json: picture } = { latent_id: "", b64_json: "" }] = data;
  const file = new Uint8Array(await (await send("GET", `/v1/latents/${id}`)).arrayBuffer());
  const latent = describeLatent(file);
  return { id, picture, file, model: latent?.metadata.model };
}

test(
  "models that are asked at once each answer for themselves, and one that is taken back keeps its latents",
  async () => {
    const { data } = (await (await send("GET", "/v1/models")).json()) as { data: ModelItem[] };
    expect(data.map(({ id }) => id)).toEqual(models);

    const seeds = [1, 2];
    const asked = seeds.flatMap((seed) => models.map((model) => ({ seed, model })));
    const made = await Promise.all(asked.map(({ seed, model }) => generate(model, seed)));
    expect(made.map(({ model }) => model)).toEqual(asked.map(({ model }) => model));
    expect(new Set(made.map(({ picture }) => picture)).size).toBe(asked.length);
    for (const [index, { seed, model }] of asked.entries()) {
      expect(await generate(model, seed)).toEqual(made[index]);
    }
    expect((await generate(undefined, 1)).id).toBe(made[0]?.id);

    const { revision = "" } = data[1] ?? {};
    const name = `tiny-cascade@${revision}`;
    expect((await generate(name, 1)).id).toBe(made[1]?.id);
    const admin = stack().adminSecret;
    expect((await send("DELETE", `/v1/admin/models/${encodeURIComponent(name)}`, undefined, admin)).status).toBe(200);
    const refused = await send("POST", "/v1/images/generations", { prompt: "apple", model: "tiny-cascade" });
    expect([refused.status, await refused.json()]).toMatchObject([404, { error: { code: "model_not_found" } }]);
    const decoded = await send("POST", `/v1/latents/${made[1]?.id}/decode`, {});
    expect(await decoded.json()).toMatchObject({ data: [{ b64_json: made[1]?.picture }] });

    const files = readEdgeFiles(publishedDirectory("cascade"));
    const damaged = await send("PUT", "/v1/admin/models", { ...files, tokenizer: `${files.tokenizer} ` }, admin);
    expect([damaged.status, await damaged.json()]).toMatchObject([400, { error: { param: "tokenizer" } }]);
    const unheld = { ...files, manifest: { ...files.manifest, revision: "nowhere" } };
    expect((await send("PUT", "/v1/admin/models", unheld, admin)).status).toBe(502);
    const offered = { code: 0, stdout: `${name} is offered.\n` };
    // Requests of the others go on meanwhile.
    const wanted = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? "tiny-v2" : "tiny"));
    const adding = order("add", publishedDirectory("cascade"));
    const meanwhile = await Promise.all(wanted.map((model, index) => generate(model, 100 + index)));
    expect(meanwhile.map(({ model }) => model)).toEqual(wanted);
    expect(await adding).toMatchObject(offered);
    expect((await generate("tiny-cascade", 1)).id).toBe(made[1]?.id);
  },
  startMsMax,
);

test(
  "a bundle whose own report misses its thresholds is offered only by force",
  async () => {
    const refused = await order("add", tinyDirectory);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("restoration is 6.3")]);
    expect((await order("add", tinyDirectory, "--force", "--price-factor", "2")).code).toBe(0);
    expect(await (await fetch(`${stack().url}/v1/models/tiny`)).json()).toMatchObject({ price_factor: 2 });
    expect((await order("withdraw", "tiny")).stdout).toContain("is withdrawn");
    expect((await order("revisions")).stdout).toMatch(/^tiny@\w+ {2}withdrawn$/mu);
  },
  startMsMax,
);

describe.each(publishedFamilies)("an imported checkpoint of %s", (family) => {
  const { cases } = publishedGolden(family);

  test("is what the service offers, with its own sizes", async () => {
    const answer = await fetch(`${stack().url}/v1/models/tiny-${family}`);
    const model = (await answer.json()) as ModelItem;
    expect(model).toMatchObject({ id: `tiny-${family}`, guidance_scale: { default: 4 }, size_default: "128x128" });
    expect(model.sizes).toContain("256x128");
  });

  test.each(cases)(
    "paints what diffusers paints, from the prompt: $size, $steps steps, guidance $guidanceScale",
    async (wanted) => {
      const client = new OpenAI({ baseURL: `${stack().url}/v1`, apiKey: stack().apiKey, maxRetries: 0 });
      // Fields that OpenAI's client does not know.
      const own = { seed: wanted.seed, steps: wanted.steps, guidance_scale: wanted.guidanceScale };
      const { data = [] } = await client.images.generate({
        model: `tiny-${family}`,
        prompt: wanted.prompt,
        size: wanted.size as "1024x1024",
        ...own,
        ...(wanted.negativePrompt === "" ? {} : { negative_prompt: wanted.negativePrompt }),
      });
      const [made] = data as { b64_json: string; latent_id: string }[];

      const headers = { authorization: `Bearer ${stack().apiKey}` };
      const file = await fetch(`${stack().url}/v1/latents/${made?.latent_id}`, { headers });
      const latent = decodeLatent(new Uint8Array(await file.arrayBuffer()));
      const values = latent.ok ? latent.value.values : new Float32Array();
      const expected = latentValues(wanted.latentBase64);
      const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      expect(differenceMax(values, expected)).toBeLessThanOrEqual(1e-3 + largest * float16Step);

      const { data: pixels, info } = await sharp(Buffer.from(made?.b64_json ?? "", "base64"))
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(`${info.width}x${info.height} ${info.channels}`).toBe(`${wanted.size} 3`);
      const difference = differenceMax(pixels, Buffer.from(wanted.pixelsBase64, "base64"));
      expect(difference).toBeLessThanOrEqual(pixelDifferenceMax);
    },
    startMsMax,
  );
});
