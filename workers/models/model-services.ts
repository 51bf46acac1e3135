import { createModelFigures } from "../usage/model-figures.ts";
import { createAddedModels } from "./added-models.ts";
import type { BundleFiles } from "./bundle.ts";
import { createModelAudit } from "./model-audit.ts";
import type { ModelSettings } from "./model-settings.ts";
import { createModelStore } from "./model-store.ts";
import { createModelRegistry } from "./registry.ts";
import type { WatchServices } from "./watch-roll-outs.ts";

/** Where models come from, and where it is written down what becomes of them. */
export interface ModelSources {
  readonly bundle: BundleFiles;
  readonly settings: ModelSettings;
  readonly bucket: Pick<R2Bucket, "get" | "put">;
  readonly database: Pick<D1Database, "prepare">;
  readonly nowMs: () => number;
}

/** The bundle, and what was added to it. Throws `AppError` when the bundle's manifest is not valid. */
export function createModelServices({
  bundle,
  settings,
  bucket,
  database,
  nowMs,
}: ModelSources): Omit<WatchServices, "nowMs"> {
  const modelStore = createModelStore(bucket);
  const addedModels = createAddedModels(modelStore, nowMs);
  return {
    modelStore,
    addedModels,
    models: createModelRegistry(bundle, settings, addedModels),
    modelAudit: createModelAudit(database, nowMs),
    modelFigures: createModelFigures(database),
  };
}
