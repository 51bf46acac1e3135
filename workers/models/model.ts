import type { Manifest } from "../../shared/models/manifest.ts";
import type { PromptEncoder } from "../prompt/prompt-encoder.ts";

/** A manifest, and how many times the price book's price the model's runs cost; absent: once. */
export interface PricedManifest extends Manifest {
  readonly priceFactor?: number | undefined;
}

/** A model that requests may name. */
export interface Model {
  readonly manifest: PricedManifest;
  readonly promptEncoder: PromptEncoder;
}

/** A revision that takes a share of the requests that name its id alone. */
export interface Candidate {
  readonly manifest: PricedManifest;
  /** Per cent. */
  readonly share: number;
  /** The model itself, with its tokenizer. */
  load(): Promise<Model>;
}

/** Another name of a model, by the operator's setting. */
export interface Alias extends Pick<Model, "manifest"> {
  readonly name: string;
}

/** The models as lists and documents show them, the default first, and their other names. */
export interface ServedModels {
  readonly default: Pick<Model, "manifest">;
  readonly list: readonly Pick<Model, "manifest">[];
  readonly aliases: readonly Alias[];
}
