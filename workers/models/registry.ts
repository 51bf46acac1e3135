import { AppError, type Failure } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";
import { canonicalModelName, modelsInsteadOf } from "../../shared/models/model-name.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { createPromptEncoder } from "../prompt/prompt-encoder.ts";
import { type AddedModels, noModels } from "./added-models.ts";
import type { BundleFiles } from "./bundle.ts";
import type { Alias, Candidate, Model, PricedManifest, ServedModels } from "./model.ts";
import { type ModelSettings, strictModels } from "./model-settings.ts";

/** The models that this service offers: the one that it was built with, and those that were added while it runs. */
export interface ModelRegistry extends Pick<ModelSettings, "unsupportedSizes"> {
  /** The model of a request that names none: the one that the Worker was built with. */
  readonly default: Model;
  /** One of each id, what the id alone means, and the operator's names for them. */
  served(): Promise<ServedModels>;
  /**
   * The model with this id, "id@revision" or alias, or the default. Fails with `model_not_found`, naming those there
   * are; of an adapter that there is, its strengths.
   */
  find(name: string | undefined): Promise<Result<Model, Failure>>;
  /** The revision that takes a share of the requests that found `base` by this name: by its id alone, or an alias. */
  candidateFor(name: string | undefined, base: Pick<Manifest, "id">): Promise<Candidate | undefined>;
  /** The manifest that a stored latent was made by, also of one that is offered no more. */
  manifestOf(revision: string): Promise<PricedManifest | undefined>;
  /** Every manifest by its revision, as `manifestOf`. */
  revisions(): Promise<ReadonlyMap<string, PricedManifest>>;
}

/** A registry. Throws `AppError` with every problem when the manifest of the bundle is not valid. */
export function createModelRegistry(
  bundle: BundleFiles,
  settings: ModelSettings = strictModels,
  added: AddedModels = noModels,
): ModelRegistry {
  const first = loadModel(bundle);
  const { id, revision } = first.manifest;
  const isFirst = (name: string) => name === id || name === `${id}@${revision}`;

  async function served(): Promise<ServedModels> {
    const others = (await added.offered()).filter((manifest) => manifest.id !== id);
    const list = [first, ...others.map((manifest) => ({ manifest }))];
    return { default: first, list, aliases: await aliasesOf(list.map(({ manifest }) => manifest)) };
  }

  /** The names that lead to a model and are not a model's own. */
  async function aliasesOf(offered: readonly PricedManifest[]): Promise<readonly Alias[]> {
    const others = [...settings.aliases].filter(([name]) => !offered.some(({ id }) => id === name));
    const aliases = others.map(async ([name, target]) => {
      const manifest = offered.find(({ id }) => id === canonicalModelName(target)) ?? (await named(target))?.manifest;
      return manifest === undefined ? [] : [{ name, manifest }];
    });
    return (await Promise.all(aliases)).flat();
  }

  async function named(name: string): Promise<Model | undefined> {
    const canonical = canonicalModelName(name);
    return isFirst(canonical) ? first : added.find(canonical);
  }

  return {
    default: first,
    unsupportedSizes: settings.unsupportedSizes,
    served,
    async find(name) {
      if (name === undefined) return ok(first);
      const alias = settings.aliases.get(name);
      // A model's own id comes first.
      const found = (await named(name)) ?? (alias === undefined ? undefined : await named(alias));
      if (found !== undefined) return ok(found);
      const ids = (await served()).list.map(({ manifest }) => manifest.id);
      const available = modelsInsteadOf(name, ids);
      return err({ code: "model_not_found", model: name, ...(alias !== undefined && { aliasOf: alias }), available });
    },
    async candidateFor(name, base) {
      const names = name === undefined ? [base.id] : [name, settings.aliases.get(name) ?? name];
      if (!names.some((meant) => canonicalModelName(meant) === base.id)) return undefined;
      // An unreadable list moves nothing: the model that was built in does without it.
      return added.candidate(base.id).catch(() => undefined);
    },
    async manifestOf(wanted) {
      return wanted === revision ? first.manifest : added.manifestOf(wanted);
    },
    revisions: async () => new Map([...(await added.all()), [revision, first.manifest]]),
  };
}

function loadModel(bundle: BundleFiles): Model {
  const manifest = parseManifest(bundle.model);
  if (!manifest.ok) throw new AppError(`The bundle's model.json is not valid: ${manifest.error.problems.join("; ")}`);
  return { manifest: manifest.value, promptEncoder: createPromptEncoder(bundle.tokenizer, manifest.value.text) };
}
