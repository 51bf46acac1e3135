import OpenAI from "openai";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { ModelItem } from "../../shared/api/models-list.ts";
import { decodeLatent } from "../../shared/latents/latent-format.ts";
import { differenceMax } from "../support/float32-hex.ts";
import { latentValues, publishedDirectory, publishedFamilies, publishedGolden } from "../support/published-models.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// A checkpoint as diffusers saves it, imported, served by the real backend and the real Worker. Only its weights are
// not.

/** A value of a latent that lies between two float16 numbers may be rounded to either. */
const float16Step = 2 ** -10;
const pixelDifferenceMax = 1;

describe.each(publishedFamilies)("an imported checkpoint of %s", (family) => {
  const stack = useTinyStack(publishedDirectory(family));
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
