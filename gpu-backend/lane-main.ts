// The process that computes: loads a bundle's graphs and does one job at a time for the server that started it.

import { encodeImage } from "./image/encode-image.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { readManifest } from "./runtime/bundle.ts";
import { openGraphs } from "./runtime/graph-set.ts";
import { serveLane } from "./scheduling/serve-lane.ts";

const now = () => performance.now();

serveLane(async ({ directory, execution, conditionCacheBytesMax }) => {
  // The server has checked every file's digest before it started the first lane.
  const manifest = await readManifest(directory);
  const graphs = await openGraphs(manifest, { directory, execution });
  const pipeline = createPipeline({ manifest, graphs, conditionCacheBytesMax, now });

  return async (job) => {
    if (job.kind === "stage-c") return pipeline.makeLatents(job.request);
    const { pixels, milliseconds } = await pipeline.paint(job.latent);
    const start = now();
    const bytes = await encodeImage(pixels, job.options);
    return { bytes, milliseconds: { ...milliseconds, encode: now() - start } };
  };
});
