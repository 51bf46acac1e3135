import { AppError, type Failure } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { createPromptEncoder, type PromptEncoder } from "../prompt/prompt-encoder.ts";
import type { BundleFiles } from "./bundle.ts";
import { type ModelSettings, strictModels } from "./model-settings.ts";

/** A model that requests may name. */
export interface Model {
  readonly manifest: Manifest;
  readonly promptEncoder: PromptEncoder;
}

/** The models that this service offers, the default first. */
export interface ModelRegistry extends Pick<ModelSettings, "unsupportedSizes"> {
  readonly list: readonly Model[];
  /** The model of a request that names none. */
  readonly default: Model;
  /** The model with this id or alias, or the default. Fails with `model_not_found`, naming those there are. */
  find(id: string | undefined): Result<Model, Failure>;
}

/**
 * A registry of one bundle. Throws `AppError` with every problem when its manifest is not valid, or when an alias names
 * a model that is not there.
 */
export function createModelRegistry(bundle: BundleFiles, settings: ModelSettings = strictModels): ModelRegistry {
  const model = loadModel(bundle);
  const list = [model];
  const lost = [...settings.aliases].find(([, id]) => id !== model.manifest.id);
  if (lost !== undefined) {
    throw new AppError(`MODEL_ALIASES names the model '${lost[1]}'. There is only '${model.manifest.id}'.`);
  }
  return {
    list,
    default: model,
    unsupportedSizes: settings.unsupportedSizes,
    find(id) {
      // A model's own id comes first.
      const wanted =
        id === undefined || list.some(({ manifest }) => manifest.id === id) ? id : (settings.aliases.get(id) ?? id);
      const found = list.find(({ manifest }) => wanted === undefined || manifest.id === wanted);
      if (found !== undefined) return ok(found);
      const available = list.map(({ manifest }) => manifest.id);
      return err({ code: "model_not_found", model: id ?? "", available });
    },
  };
}

function loadModel(bundle: BundleFiles): Model {
  const manifest = parseManifest(bundle.model);
  if (!manifest.ok) throw new AppError(`The bundle's model.json is not valid: ${manifest.error.problems.join("; ")}`);
  return { manifest: manifest.value, promptEncoder: createPromptEncoder(bundle.tokenizer, manifest.value.text) };
}
