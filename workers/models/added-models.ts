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
  /** Revision → manifest, also of those that are offered no more. */
  all(): Promise<ReadonlyMap<string, PricedManifest>>;
  /** Reads the list again at its next use. */
  forget(): void;
}

/** A service to which nothing can be added. */
export const noModels: AddedModels = {
  offered: async () => [],
  find: async () => undefined,
  candidate: async () => undefined,
  all: async () => new Map(),
  forget: () => undefined,
};

/** After so long another isolate knows of a change. A request of the built-in model does not read the list. */
const listMs = 10_000;

/** A name that is not in the list may be new: the list is read again, no more often than this. */
const unknownMs = 1_000;

/** Tokenizers of some 10 MB each in an isolate of 128 MB. Models often share one. */
const encodersMax = 3;

interface Known {
  readonly stored: StoredModel;
  readonly manifest: PricedManifest;
}

/** Added models, read from the store when they are wanted. */
export function createAddedModels(store: ModelStore, nowMs: () => number): AddedModels {
  const manifests = new Map<string, Promise<Manifest>>();
  const encoders = new Map<string, Promise<PromptEncoder>>();
  let read: { readonly atMs: number; readonly known: Promise<readonly Known[]> } | undefined;

  async function readAll(): Promise<readonly Known[]> {
    const list = await store.list();
    return Promise.all(
      list.map(async (stored) => {
        const manifest = await kept(manifests, stored.manifest, readManifest);
        return { stored, manifest: { ...manifest, priceFactor: stored.priceFactor } };
      }),
    );
  }

  async function readManifest(digest: string): Promise<Manifest> {
    const manifest = parseManifest(JSON.parse(await store.read(digest)));
    if (!manifest.ok) throw new AppError(`A stored manifest is not valid: ${manifest.error.problems.join("; ")}`);
    return manifest.value;
  }

  function known(ageMsMax: number): Promise<readonly Known[]> {
    if (read === undefined || nowMs() - read.atMs >= ageMsMax) {
      const reading = readAll();
      const begun = { atMs: nowMs(), known: reading };
      read = begun;
      // The next request tries again.
      reading.catch(() => {
        if (read === begun) read = undefined;
      });
    }
    return read.known;
  }

  async function encoderOf({ stored, manifest }: Known): Promise<PromptEncoder> {
    const { tokenizer: digest } = stored;
    const key = `${digest} ${JSON.stringify(manifest.text)}`;
    const make = async () => createPromptEncoder(JSON.parse(await store.read(digest)), manifest.text);
    const encoder = kept(encoders, key, make);
    // In the order of their last use.
    encoders.delete(key);
    encoders.set(key, encoder);
    for (const oldest of encoders.keys()) if (encoders.size > encodersMax) encoders.delete(oldest);
    return encoder;
  }

  async function loadModel(found: Known): Promise<Model> {
    return { manifest: found.manifest, promptEncoder: await encoderOf(found) };
  }

  return {
    async offered() {
      const offered = (await known(listMs)).filter(({ stored }) => stored.isOffered && stored.rollOut === undefined);
      // Of each id the last one, at the place of the first.
      return [...new Map(offered.map(({ manifest }) => [manifest.id, manifest])).values()];
    },
    async find(name) {
      const found = withName(await known(listMs), name) ?? withName(await known(unknownMs), name);
      return found && loadModel(found);
    },
    async candidate(id) {
      const list = await known(listMs);
      const found = list.find(({ stored }) => stored.id === id && stored.isOffered && stored.rollOut !== undefined);
      if (found?.stored.rollOut === undefined) return undefined;
      return { manifest: found.manifest, share: found.stored.rollOut.share, load: () => loadModel(found) };
    },
    all: async () => new Map((await known(listMs)).map(({ manifest }) => [manifest.revision, manifest])),
    forget() {
      read = undefined;
    },
  };
}

/** The offered one of "id@revision", or the last one of "id" that is offered in full. */
function withName(list: readonly Known[], name: string): Known | undefined {
  return list.findLast(
    ({ stored: { id, revision, isOffered, rollOut } }) =>
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
