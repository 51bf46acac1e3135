import model from "#bundle/model.json";
import tokenizer from "#bundle/tokenizer.json";

/** The two files of a bundle that the edge needs, as parsed JSON that nothing has checked yet. */
export interface BundleFiles {
  readonly model: unknown;
  readonly tokenizer: unknown;
}

/** The bundle that this Worker was built with. It must be the one that the GPU backend has loaded. */
export const builtInBundle: BundleFiles = { model, tokenizer };
