import type { AddedModels } from "./added-models.ts";
import type { ModelAudit } from "./model-audit.ts";
import type { ModelStore } from "./model-store.ts";
import type { ModelRegistry } from "./registry.ts";

/** What changing the list of models takes. */
export interface ModelListServices {
  readonly models: ModelRegistry;
  readonly modelStore: ModelStore;
  readonly addedModels: AddedModels;
  readonly modelAudit: ModelAudit;
  readonly nowMs: () => number;
}
