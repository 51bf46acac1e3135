import type { Manifest } from "../../shared/models/manifest.ts";
import type { PromptEncoder } from "../prompt/prompt-encoder.ts";

/** A model that requests may name. */
export interface Model {
  readonly manifest: Manifest;
  readonly promptEncoder: PromptEncoder;
}

/** The models as lists and documents show them, the default first. */
export interface ServedModels {
  readonly default: Pick<Model, "manifest">;
  readonly list: readonly Pick<Model, "manifest">[];
}
