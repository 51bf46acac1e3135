// What storing a latent costs in quality: pictures decoded from each stored form against those from the unquantised
// latent. `npm run bench:latents -- --help` tells the options.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeLatent } from "../../gpu-backend/pipeline/make-latent.ts";
import { createTextConditions, joinConditions } from "../../gpu-backend/pipeline/text-conditions.ts";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { openGraphs } from "../../gpu-backend/runtime/graph-set.ts";
import { runStageA, runStageB } from "../../shared/decoding/paint-latent.ts";
import { decodeLatent, encodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import { latentEncodings } from "../../shared/latents/latent-values.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { createPromptEncoder } from "../../workers/prompt/prompt-encoder.ts";
import { psnrDb } from "./picture-quality.ts";
import { median } from "./statistics.ts";

const help = `Options:
  --bundle FOLDER   the bundle (default: gpu-backend/models/emoji-128)
  --prompts N       pictures, from a list of prompts that repeats with other seeds (default: 12)
  --threads N       threads of one operator (default: 1)`;

const { values: options } = parseArgs({
  options: {
    help: { type: "boolean", default: false },
    bundle: { type: "string", default: join(import.meta.dirname, "../../gpu-backend/models/emoji-128") },
    prompts: { type: "string", default: "12" },
    threads: { type: "string", default: "1" },
  },
});

const prompts = [
  "red apple, 3D",
  "green dog, flat",
  "rocket, noto",
  "cat face, twemoji",
  "blue heart, 3D",
  "tree, flat",
];

async function main(): Promise<void> {
  const { bundle } = options;
  const manifest = await readManifest(bundle);
  const execution = { provider: "cpu", intraOpThreads: Number(options.threads) } as const;
  const graphs = await openGraphs(manifest, { directory: bundle, execution });
  const encoder = createPromptEncoder(readJson(join(bundle, manifest.text.tokenizer)), manifest.text);
  const texts = createTextConditions({ manifest, cacheBytesMax: 1e8 });
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");

  const paint = async (latent: Latent) =>
    (await runStageA(manifest, graphs, await runStageB(manifest, graphs, latent), latent.shape)).data;
  const measured = latentEncodings.map((encoding) => ({ encoding, bytes: 0, latentDb: [0], pictureDb: [0] }));
  for (const figures of measured) figures.latentDb.length = figures.pictureDb.length = 0;

  for (let seed = 0; seed < Number(options.prompts); seed += 1) {
    const ids = (text: string) => texts.of(graphs, encoder.encode(text).tokenIds);
    const text = joinConditions([await ids(""), await ids(prompts[seed % prompts.length] ?? "")]);
    const sampling = {
      steps: manifest.sampler.stageC.steps.default,
      guidanceScale: manifest.sampler.stageC.guidanceScale.default,
    };
    const values = await makeLatent(manifest, graphs.stageC, { ...sampling, text, seed, latentShape: shape.value });
    const { id: model, revision } = manifest;
    const exact: Latent = { values, shape: shape.value, metadata: { model, revision, seed: String(seed) } };
    const picture = await paint(exact);
    const peak = Math.max(...values) - Math.min(...values);
    for (const figures of measured) {
      const file = encodeLatent(exact, figures.encoding);
      const stored = file.ok ? decodeLatent(file.value) : file;
      if (!(file.ok && stored.ok)) throw new TypeError("A latent cannot be stored.");
      figures.bytes = file.value.length;
      figures.latentDb.push(psnrDb(stored.value.values, values, peak));
      figures.pictureDb.push(psnrDb(await paint(stored.value), picture, 255));
    }
  }
  for (const { encoding, bytes, latentDb, pictureDb } of measured) {
    print(`${encoding}: a file of ${bytes} bytes; latent ${range(latentDb)}; picture ${range(pictureDb)}`);
  }
}

/** Infinite where nothing differs. */
function range(db: readonly number[]): string {
  return `${median(db).toFixed(1)} dB (least ${Math.min(...db).toFixed(1)})`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (options.help) print(help);
else await main();
