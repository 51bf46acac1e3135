import { type Float32Tensor, float32Tensor, int64Tensor } from "../../shared/decoding/host-tensor.ts";
import { type Manifest, textPositions } from "../../shared/models/manifest.ts";
import type { GraphSet } from "../runtime/graph-set.ts";
import { concatenateRows } from "../runtime/row-batch.ts";
import { leadingOnes, padRows } from "../tensor/rows.ts";
import { createWeightedLruCache } from "./weighted-lru-cache.ts";

/** A prompt as Stage C reads it; or several, a row each. */
export interface TextCondition {
  /** (rows, …): whatever of the text no step changes, such as keys and values of every attention block. */
  readonly condition: Float32Tensor;
  /** (rows, positions): 1 for a position that is attended. Not every bundle's Stage C reads it. */
  readonly mask: Float32Tensor;
}

type TextGraphs = Pick<GraphSet, "textEncoder" | "textConditioner" | "imageTextConditioner">;

/** Token ids → condition, remembered. */
export interface TextConditions {
  /**
   * `tokenIds`: 1…tokensMax vocabulary ids with special tokens. `images`: (1, pictures, width), states of pictures that
   * are part of the prompt; what they make is not remembered. One row.
   */
  of(graphs: TextGraphs, tokenIds: readonly number[], images?: Float32Tensor): Promise<TextCondition>;
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
    async of(graphs, tokenIds, images) {
      if (images !== undefined) return makeCondition(manifest, graphs, tokenIds, images);
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

/** The encoder sees the prompt as the model wants it; everything after it has the one length of the model. */
async function makeCondition(
  manifest: Manifest,
  graphs: TextGraphs,
  tokenIds: readonly number[],
  images?: Float32Tensor,
): Promise<TextCondition> {
  const { width } = manifest.text;
  const positions = textPositions(manifest);
  const states = await graphs.textEncoder.run(encoderInputs(manifest.text, tokenIds));
  const [, rows = positions] = states.shape; // (1, rows, width), a pooled state first where there is one
  const text = float32Tensor(padRows(states.data, width, positions), [1, positions, width]);
  const condition = await (images === undefined
    ? graphs.textConditioner.run({ text_states: text })
    : graphs.imageTextConditioner.run({ text_states: text, image_states: images }));
  return { condition, mask: float32Tensor(leadingOnes(rows, positions), [1, positions]) };
}

/** Ids at their own length, or padded to the model's; (1, tokens) either way. */
export function encoderInputs(
  { padTokenId, tokensMax }: Pick<Manifest["text"], "padTokenId" | "tokensMax">,
  tokenIds: readonly number[],
) {
  const length = padTokenId === undefined ? tokenIds.length : tokensMax;
  const ids = Array.from({ length }, (_, index) => tokenIds[index] ?? padTokenId ?? 0);
  const mask = Array.from({ length }, (_, index) => (index < tokenIds.length ? 1 : 0));
  return { token_ids: int64Tensor(ids, [1, length]), token_mask: int64Tensor(mask, [1, length]) };
}
