import type { Float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { isGuided } from "../../shared/diffusion/guidance.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import { concatenateRows } from "../runtime/row-batch.ts";
import type { LatentText } from "./sealed-text.ts";
import { encoderInputs } from "./text-conditions.ts";
import { createWeightedLruCache } from "./weighted-lru-cache.ts";

type TextGraphs = Pick<GraphSet, "textEncoder" | "stageBText">;

/** A latent's text → what Stage B reads of it, remembered. */
export interface StageBTexts {
  /**
   * (1, …) the prompt; where the model guides Stage B, (2, …): the prompt, and the negative. Without a text both are
   * empty. Undefined for a model whose Stage B reads none.
   */
  of(graphs: TextGraphs, text: LatentText | undefined): Promise<Float32Tensor | undefined>;
}

/** What they are made with. */
export interface StageBTextsOptions {
  readonly manifest: Manifest;
  readonly cacheBytesMax: number;
}

/** As of `createTextConditions`. */
export function createStageBTexts({ manifest, cacheBytesMax }: StageBTextsOptions): StageBTexts {
  const { text: reads } = manifest.stageB;
  const weigh = ({ data }: Float32Tensor) => data.byteLength;
  const cache = createWeightedLruCache<Float32Tensor>({ weightMax: cacheBytesMax, weigh });

  async function one(graphs: TextGraphs, tokenIds: readonly number[]): Promise<Float32Tensor> {
    const key = tokenIds.join(" ");
    const known = cache.get(key);
    if (known !== undefined) return known;
    const made = await makeText(manifest, graphs, tokenIds);
    cache.set(key, made);
    return made;
  }

  return {
    async of(graphs, text) {
      if (reads === undefined) return undefined;
      const prompt = await one(graphs, text?.tokenIds ?? reads.emptyTokenIds);
      if (!isGuided(reads.guidanceScale)) return prompt;
      return concatenateRows([prompt, await one(graphs, text?.negativeTokenIds ?? reads.emptyTokenIds)]);
    },
  };
}

/** From ids where Stage B has an encoder of its own, else from the states that Stage C reads. */
async function makeText(
  { text, stageB, graphs: described }: Manifest,
  graphs: TextGraphs,
  tokenIds: readonly number[],
): Promise<Float32Tensor> {
  const isOwn = described.stageBText?.inputs.some(({ name }) => name === "token_ids") ?? false;
  if (isOwn) return graphs.stageBText.run(encoderInputs({ ...text, ...stageB.text }, tokenIds));
  return graphs.stageBText.run({ text_states: await graphs.textEncoder.run(encoderInputs(text, tokenIds)) });
}
