import type { Manifest } from "../../shared/models/manifest.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import { type Float32Tensor, float32Tensor, int64Tensor } from "../runtime/host-tensor.ts";
import { concatenateRows } from "../runtime/row-batch.ts";
import { leadingOnes, padRows } from "../tensor/rows.ts";
import { createWeightedLruCache } from "./weighted-lru-cache.ts";

/** A prompt as Stage C reads it; or several, a row each. */
export interface TextCondition {
  /** (rows, depth, 2, positions, channels): keys and values of every attention block. */
  readonly condition: Float32Tensor;
  /** (rows, positions): 1 for a real position, 0 for padding. */
  readonly mask: Float32Tensor;
}

type TextGraphs = Pick<GraphSet, "textEncoder" | "textConditioner">;

/** Token ids → condition, remembered. */
export interface TextConditions {
  /** `tokenIds`: 1…tokensMax vocabulary ids with special tokens. One row. */
  of(graphs: TextGraphs, tokenIds: readonly number[]): Promise<TextCondition>;
}

/** What text conditions are made with. */
export interface TextConditionsOptions {
  readonly manifest: Manifest;
  readonly cacheBytesMax: number;
}

/** The empty prompt comes with almost every request, and a popular one comes often: both are computed once. */
export function createTextConditions({ manifest, cacheBytesMax }: TextConditionsOptions): TextConditions {
  const weigh = ({ condition, mask }: TextCondition) => condition.data.byteLength + mask.data.byteLength;
  const cache = createWeightedLruCache<TextCondition>({ weightMax: cacheBytesMax, weigh });

  return {
    async of(graphs, tokenIds) {
      const key = tokenIds.join(" ");
      const known = cache.get(key);
      if (known !== undefined) return known;
      const made = await makeCondition(manifest, graphs, tokenIds);
      cache.set(key, made);
      return made;
    },
  };
}

/** Prompts one below the other, for one run. */
export function joinConditions(texts: readonly TextCondition[]): TextCondition {
  return {
    condition: concatenateRows(texts.map(({ condition }) => condition)),
    mask: concatenateRows(texts.map(({ mask }) => mask)),
  };
}

/** The encoder sees the prompt alone at its own length; everything after it has the one length of the model. */
async function makeCondition(
  manifest: Manifest,
  graphs: TextGraphs,
  tokenIds: readonly number[],
): Promise<TextCondition> {
  const tokens = tokenIds.length;
  const positions = 1 + manifest.text.tokensMax;
  const states = await graphs.textEncoder.run({
    token_ids: int64Tensor(tokenIds, [1, tokens]),
    token_mask: int64Tensor(
      Array.from(tokenIds, () => 1),
      [1, tokens],
    ),
  }); // (1, 1 + tokens, width), pooled first
  const padded = padRows(states.data, manifest.text.width, positions);
  const condition = await graphs.textConditioner.run({
    text_states: float32Tensor(padded, [1, positions, manifest.text.width]),
  });
  return { condition, mask: float32Tensor(leadingOnes(1 + tokens, positions), [1, positions]) };
}
