import { beforeAll, describe, expect, test } from "vitest";
import { createPipeline, type Pipeline } from "../../../gpu-backend/pipeline/pipeline.ts";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import type { StageCRequest } from "../../../shared/wire/stage-c.ts";
import {
  openPublished,
  type PublishedModel,
  publishedFamilies,
  publishedGolden,
} from "../../support/published-models.ts";

const counts = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(publishedFamilies)("%s: bytes are the same alone and in any company:", (family) => {
  const [first] = publishedGolden(family).cases;
  let model: PublishedModel;
  let pipeline: Pipeline;
  let alone: Uint8Array[];
  let pictures: Pixels[];

  /** Eight tasks that differ in everything that may differ within a batch; one of them is not guided. */
  const orders = counts.map((seed) => ({
    seeds: [seed],
    steps: 3 + (seed % 3),
    guidanceScale: seed === 5 ? 1 : seed / 2 + 1,
    tokenIds: [...(first?.tokenIds.slice(0, -1) ?? []), ...counts.slice(0, seed), ...(first?.tokenIds.slice(-1) ?? [])],
  }));

  async function makeFile(order: (typeof orders)[number]): Promise<Uint8Array> {
    const { id, revision } = model.manifest;
    const task: StageCRequest = {
      model: id,
      revision,
      negativeTokenIds: first?.negativeTokenIds ?? [],
      latentShape: [16, 3, 6],
      ...order,
    };
    const [file = new Uint8Array()] = await pipeline.makeLatents(task, model.taskGraphs());
    return file;
  }

  beforeAll(async () => {
    model = await openPublished(family);
    const settings = { conditionCacheBytesMax: 1e6, latentEncoding: "float16", latentTextKeys: [] } as const;
    pipeline = createPipeline({ manifest: model.manifest, ...settings });
    alone = [];
    pictures = [];
    for (const order of orders) {
      const file = await makeFile(order);
      alone.push(file);
      pictures.push(await pipeline.paint(file, model.taskGraphs()));
    }
  });

  test.each(counts)("a latent's among %d", async (count) => {
    expect(await Promise.all(orders.slice(-count).map(makeFile))).toEqual(alone.slice(-count));
  });

  test.each(counts)("a picture's among %d", async (count) => {
    const painted = alone.slice(-count).map((file) => pipeline.paint(file, model.taskGraphs()));
    expect(await Promise.all(painted)).toEqual(pictures.slice(-count));
  });
});
