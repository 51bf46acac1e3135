import { describe, expect, test } from "vitest";
import { makeLatent } from "../../../gpu-backend/pipeline/make-latent.ts";
import { createTextConditions, joinConditions } from "../../../gpu-backend/pipeline/text-conditions.ts";
import { decodeLatent, encodeLatent } from "../../../shared/latents/latent-format.ts";
import golden from "../../golden/tiny-alpha-pictures.json" with { type: "json" };
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";
import { tinyAlphaDirectory } from "../../support/tiny-bundle.ts";
import { openTinyPipeline } from "../../support/tiny-pipeline.ts";

// The golden numbers are PyTorch's (test/golden/make_tiny_pictures_golden.py).

const { manifest, graphs, pipeline, taskGraphs } = await openTinyPipeline(tinyAlphaDirectory);
const latentShape = [16, 4, 4] as const;

test("the golden pictures were made with the bundle that is here", () => {
  expect(golden.revision).toBe(manifest.revision);
});

describe.each(golden.cases)("seed $seed, $steps steps, guidance $guidanceScale", (wanted) => {
  const { seed, tokenIds, negativeTokenIds, steps, guidanceScale } = wanted;
  const latentValues = fromFloat32Hex(wanted.latentHex);

  test("the latent of a network that predicts v is the reference's", async () => {
    const texts = createTextConditions({ manifest, cacheBytesMax: 0 });
    const conditional = await texts.of(graphs, tokenIds);
    const text =
      guidanceScale > 1 ? joinConditions([await texts.of(graphs, negativeTokenIds), conditional]) : conditional;
    const values = await makeLatent(manifest, graphs.stageC, { text, seed, steps, guidanceScale, latentShape });
    expect(differenceMax(values, latentValues)).toBeLessThanOrEqual(1e-4);
  });

  test("the picture of a network that predicts the clean latent is the reference's, alpha included", async () => {
    const metadata = { model: manifest.id, revision: manifest.revision, seed: String(seed) };
    const file = encodeLatent({ values: latentValues, shape: latentShape, metadata });
    const pixels = await pipeline.paint(file.ok ? file.value : new Uint8Array(), taskGraphs());
    expect(pixels.data).toHaveLength(4 * pixels.width * pixels.height);
    expect(differenceMax(pixels.data, Buffer.from(wanted.pixelsBase64, "base64"))).toBeLessThanOrEqual(1);
  });
});

test("what colour is hidden behind full transparency does not change a picture's latent; alpha does", async () => {
  async function latentOf(colour: number, alpha: number) {
    const data = Uint8Array.from({ length: 4 * 64 * 64 }, (_, i) => (i % 4 === 3 ? alpha : colour));
    const decoded = decodeLatent(await pipeline.encode({ width: 64, height: 64, data }, latentShape, taskGraphs()));
    return decoded.ok ? decoded.value.values : new Float32Array();
  }
  const clear = await latentOf(0, 0);
  expect(clear).toHaveLength(256);
  expect(await latentOf(200, 0)).toEqual(clear);
  expect(await latentOf(200, 255)).not.toEqual(clear);
});
