import { AppError } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";
import { createPromptEncoder, type PromptEncoder } from "../prompt/prompt-encoder.ts";
import type { Candidate, Model, PricedManifest } from "./model.ts";
import type { ModelStore, StoredModel } from "./model-store.ts";

/** The models that were added to the running service, as an isolate knows them. */
export interface AddedModels {
  /** Of each id the manifest that was added last, of those that are offered in full. */
  offered(): Promise<readonly PricedManifest[]>;
  /** An offered model by "id", which means the last one of those that are offered in full, or by "id@revision". */
  find(name: string): Promise<Model | undefined>;
  /** The revision of this id that takes a share of its requests. */
  candidate(id: string): Promise<Candidate | undefined>;
  /** The manifest of a revision, also of one that is offered no more. */
  manifestOf(revision: string): Promise<PricedManifest | undefined>;
  /** Revision → manifest, as `manifestOf`. Reads every manifest that this isolate has not read yet. */
  all(): Promise<ReadonlyMap<string, PricedManifest>>;
  /** Reads the list again at its next use. */
  forget(): void;
}

/** A service to which nothing can be added. */
export const noModels: AddedModels = {
  offered: async () => [],
  find: async () => undefined,
  candidate: async () => undefined,
  manifestOf: async () => undefined,
  all: async () => new Map(),
  forget: () => undefined,
};

/** After so long another isolate knows of a change. A request of the built-in model does not read the list. */
const listMs = 10_000;

/** A name that is not in the list may be new: the list is read again, no more often than this. */
const unknownMs = 1_000;

/** Tokenizers of some 10 MB each in an isolate of 128 MB. Models often share one. */
const encodersMax = 3;

/**
 * Added models, read from the store when they are wanted. A request of one reads the list and the files of that one:
 * there may be hundreds, and a damaged file of another must not matter.
 */
export function createAddedModels(store: ModelStore, nowMs: () => number): AddedModels {
  const manifests = new Map<string, Promise<Manifest>>();
  const encoders = new Map<string, Promise<PromptEncoder>>();
  let read: { readonly atMs: number; readonly list: Promise<readonly StoredModel[]> } | undefined;

  async function manifestOf({ manifest: digest, priceFactor }: StoredModel): Promise<PricedManifest> {
    return { ...(await kept(manifests, digest, readManifest)), priceFactor };
  }

  async function readManifest(digest: string): Promise<Manifest> {
    const manifest = parseManifest(JSON.parse(await store.read(digest)));
    if (!manifest.ok) throw new AppError(`A stored manifest is not valid: ${manifest.error.problems.join("; ")}`);
    return manifest.value;
  }

  function listed(ageMsMax: number): Promise<readonly StoredModel[]> {
    if (read === undefined || nowMs() - read.atMs >= ageMsMax) {
      const reading = store.list();
      const begun = { atMs: nowMs(), list: reading };
      read = begun;
      // The next request tries again.
      reading.catch(() => {
        if (read === begun) read = undefined;
      });
    }
    return read.list;
  }

  async function encoderOf({ tokenizer: digest }: StoredModel, manifest: Manifest): Promise<PromptEncoder> {
    const key = `${digest} ${JSON.stringify(manifest.text)}`;
    const make = async () => createPromptEncoder(JSON.parse(await store.read(digest)), manifest.text);
    const encoder = kept(encoders, key, make);
    // In the order of their last use.
    encoders.delete(key);
    encoders.set(key, encoder);
    for (const oldest of encoders.keys()) if (encoders.size > encodersMax) encoders.delete(oldest);
    return encoder;
  }

  async function loadModel(stored: StoredModel): Promise<Model> {
    const manifest = await manifestOf(stored);
    return { manifest, promptEncoder: await encoderOf(stored, manifest) };
  }

  return {
    async offered() {
      const offered = (await listed(listMs)).filter(({ isOffered, rollOut }) => isOffered && rollOut === undefined);
      // Of each id the last one, at the place of the first.
      return Promise.all([...new Map(offered.map((stored) => [stored.id, stored])).values()].map(manifestOf));
    },
    async find(name) {
      const found = withName(await listed(listMs), name) ?? withName(await listed(unknownMs), name);
      return found && loadModel(found);
    },
    async candidate(id) {
      const list = await listed(listMs);
      const found = list.find((stored) => stored.id === id && stored.isOffered && stored.rollOut !== undefined);
      if (found?.rollOut === undefined) return undefined;
      return { manifest: await manifestOf(found), share: found.rollOut.share, load: () => loadModel(found) };
    },
    async manifestOf(revision) {
      const found = (await listed(listMs)).find((stored) => stored.revision === revision);
      return found && manifestOf(found);
    },
    async all() {
      const known = await Promise.all((await listed(listMs)).map(manifestOf));
      return new Map(known.map((manifest) => [manifest.revision, manifest]));
    },
    forget() {
      read = undefined;
    },
  };
}

/** The offered one of "id@revision", or the last one of "id" that is offered in full. */
function withName(list: readonly StoredModel[], name: string): StoredModel | undefined {
  return list.findLast(
    ({ id, revision, isOffered, rollOut }) =>
      isOffered && (name === `${id}@${revision}` || (name === id && rollOut === undefined)),
  );
}

/** What is kept under a key, or made now; what fails is not kept. */
function kept<Value>(
  values: Map<string, Promise<Value>>,
  key: string,
  make: (key: string) => Promise<Value>,
): Promise<Value> {
  const value = values.get(key) ?? make(key);
  values.set(key, value);
  value.catch(() => values.delete(key));
  return value;
}
