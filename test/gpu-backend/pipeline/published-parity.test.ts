import { beforeAll, describe, expect, test } from "vitest";
import { makeLatent } from "../../../gpu-backend/pipeline/make-latent.ts";
import { createTextConditions, joinConditions } from "../../../gpu-backend/pipeline/text-conditions.ts";
import { runStageA, runStageB } from "../../../shared/decoding/paint-latent.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../../shared/latents/float16.ts";
import type { Latent } from "../../../shared/latents/latent-format.ts";
import { differenceMax } from "../../support/float32-hex.ts";
import {
  latentValues,
  openPublished,
  type PublishedCase,
  type PublishedModel,
  publishedFamilies,
  publishedGolden,
} from "../../support/published-models.ts";

const latentDifferenceMax = 1e-3;
const pixelDifferenceMax = 1;

describe.each(publishedFamilies)("%s against diffusers on the same weights", (family) => {
  const golden = publishedGolden(family);
  let model: PublishedModel;

  beforeAll(async () => {
    model = await openPublished(family);
  });

  test("the golden files were made with the bundle that is here", () => {
    expect(golden.revision).toBe(model.manifest.revision);
  });

  test("a latent that starts from a stored one, at hardly any strength, stays where that one is", async () => {
    const [wanted] = golden.cases;
    if (wanted === undefined) throw new TypeError("There is no case.");
    const { seed, latentShape } = wanted;
    const latent = storedLatent(wanted).values;
    const order = {
      text: await textOf(model, wanted),
      seed,
      steps: 20,
      guidanceScale: wanted.guidanceScale,
      latentShape,
    };
    const made = await makeLatent(model.manifest, model.graphs.stageC, { ...order, start: { latent, strength: 0.05 } });
    const largest = latent.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    // Read on another scale than it is stored on, it would come out dozens of times as large.
    expect(differenceMax(made, latent)).toBeLessThan(largest / 4);
  });

  describe.each(golden.cases)("$size, $steps steps, guidance $guidanceScale", (wanted) => {
    test("Stage C's latent, before it is rounded", async () => {
      const { seed, steps, guidanceScale, latentShape } = wanted;
      const order = { text: await textOf(model, wanted), seed, steps, guidanceScale, latentShape };
      const values = await makeLatent(model.manifest, model.graphs.stageC, order);
      const difference = differenceMax(values, latentValues(wanted.latentBase64));
      expect(difference).toBeLessThanOrEqual(latentDifferenceMax);
    });

    test("Stage B's latent, of the latent as it is stored", async () => {
      const made = await runStageB(model.manifest, model.graphs, storedLatent(wanted));
      const difference = differenceMax(made.data, latentValues(wanted.stageBLatentBase64));
      expect(difference).toBeLessThanOrEqual(latentDifferenceMax);
    });

    test("the picture, up to one unit of a colour", async () => {
      const stageBLatent = await runStageB(model.manifest, model.graphs, storedLatent(wanted));
      const pixels = await runStageA(model.manifest, model.graphs, stageBLatent, wanted.latentShape);
      expect(`${pixels.width}x${pixels.height}`).toBe(wanted.size);
      const difference = differenceMax(pixels.data, Buffer.from(wanted.pixelsBase64, "base64"));
      expect(difference).toBeLessThanOrEqual(pixelDifferenceMax);
    });
  });
});

async function textOf({ manifest, graphs }: PublishedModel, wanted: PublishedCase) {
  const texts = createTextConditions({ manifest, cacheBytesMax: 0 });
  const conditional = await texts.of(graphs, wanted.tokenIds);
  if (wanted.guidanceScale <= 1) return conditional;
  return joinConditions([await texts.of(graphs, wanted.negativeTokenIds), conditional]);
}

/** diffusers' own latent, rounded as a latent file rounds it. */
function storedLatent({ latentBase64, latentShape, seed }: PublishedCase): Latent {
  const values = fromFloat16Bits(toFloat16Bits(latentValues(latentBase64)));
  return { values, shape: latentShape, metadata: { model: "", revision: "", seed: String(seed) } };
}
