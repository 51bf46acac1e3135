import { join } from "node:path";
import tinyManifest from "./models/tiny/model.json" with { type: "json" };

/** The folder of the tiny bundle's siblings: a real bundle of random weights is in `tiny`. */
export const modelsDirectory = join(import.meta.dirname, "models");

/** A real bundle of random weights. */
export const tinyDirectory = join(modelsDirectory, "tiny");

/** Likewise, of a model with transparency: its networks predict v and the clean latent, one step of Stage B. */
export const tinyAlphaDirectory = join(modelsDirectory, "tiny-alpha");

/** The revision that the tiny bundle has now. */
export const tinyRevision = tinyManifest.revision;

/** A task that the tiny bundle accepts. */
export const tinyRequest = {
  model: tinyManifest.id,
  revision: tinyRevision,
  tokenIds: [2, 5, 8, 24, 3],
  negativeTokenIds: [2, 3],
  seeds: [42],
  steps: 6,
  guidanceScale: 3,
  latentShape: [16, 4, 4] as [number, number, number],
};
