import type { CreateImageRequest, ImageStart } from "../../shared/api/create-image-request.ts";
import { decodeOptionsOf, type ShownBackground, shownBackground } from "../../shared/api/output-file.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import {
  derivedLatentKey,
  derivedSeed,
  type LatentRecipe,
  latentKey,
  pipelineVersion,
  type RecipeStart,
  recipeKey,
} from "../../shared/latents/latent-key.ts";
import { likenessOf, type PromptLikeness } from "../../shared/latents/prompt-likeness.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { requestMsMax } from "../../shared/models/work-time.ts";
import type { EncodedPrompt } from "../../shared/prompt/encoded-prompt.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { Sampling } from "../../shared/sampling-fields.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { SimilarLatent } from "../account/reuse/similar-prompts.ts";
import type { PricedManifest } from "../models/model.ts";
import { type ChargeLine, imagePromptLine, type PricedWork } from "../prices/price-book.ts";
import type { ImagePrompt, PlannedImagePrompt } from "./image-prompts.ts";
import { measureRequest } from "./measure-request.ts";

const seedCount = 2 ** 32;

/** All that a plan depends on. */
export interface PlanInputs {
  readonly manifest: PricedManifest;
  readonly prompt: EncodedPrompt;
  readonly negativePrompt: EncodedPrompt;
  /** What the model puts around any prompt. */
  readonly specialTokenIds: readonly number[];
  readonly request: CreateImageRequest;
  /** Those of the request, read. */
  readonly imagePrompts?: readonly ImagePrompt[];
  /** Who may find the latents: the account's id. */
  readonly cacheScope: string;
  readonly latentKeySecret: string;
  /** 0…2³²−1, asked once for each picture that wants a fresh seed. */
  readonly randomSeed: () => number;
}

/** Everything that decides a latent but its seed. */
type SeedlessRecipe = Omit<LatentRecipe, "seed">;

/** One picture of a request: its seed, and the latent that this seed gives. */
export interface PlannedPicture {
  readonly seed: number;
  /** 64 hexadecimal characters. */
  readonly latentId: string;
  /** A latent of nearly the same prompt that is to be taken instead, as long as it is stored. */
  readonly standIn?: SimilarLatent | undefined;
  /** Whether the account knows no such latent: then its own run alone looks whether the store has it. */
  readonly isUnknown?: boolean;
}

/** What a request comes down to, before anything was looked up. */
export interface GenerationPlan {
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly pictures: readonly PlannedPicture[];
  /** The keyed digest of everything but the seeds: the prompt, to the ledger. */
  readonly recipe: string;
  /** What the seeds are combined with into latent ids. */
  readonly latentRecipe: SeedlessRecipe;
  /** Whether other latents of the prompt will do as well: no seed was named, and nothing new was asked for. */
  readonly mayReuse: boolean;
  /** By which prompts like it are known; undefined: they will not do. */
  readonly likeness: PromptLikeness | undefined;
  /** The Stage C job; its seeds are those of the pictures whose latents turn out to be missing, as is its start. */
  readonly job: Omit<StageCRequest, "seeds" | "start">;
  readonly decode: DecodeOptions;
  readonly background: ShownBackground;
  /** What each picture is priced by. */
  readonly work: PricedWork;
  /** What it costs to have the start made, if none of it is stored; empty when there is nothing to make. */
  readonly startLines: readonly ChargeLine[];
  /** Pictures that are part of the prompt, with what reading each costs. */
  readonly imagePrompts: readonly PlannedImagePrompt[];
  /** How long it may take until its pictures are there, in milliseconds. */
  readonly lastsMs: number;
}

/** Decides seeds and keys. Pure but for `randomSeed`. Fails on a size, steps or guidance that the model lacks. */
export async function planGeneration(inputs: PlanInputs): Promise<Result<GenerationPlan, Failure>> {
  const { manifest, request } = inputs;
  const measured = measureRequest(manifest, request);
  if (!measured.ok) return measured;
  const { size, sampling, work, startLines } = measured.value;
  const { start } = request;
  const recipe: SeedlessRecipe = {
    modelRevision: manifest.revision,
    tokenIds: inputs.prompt.tokenIds,
    negativeTokenIds: inputs.negativePrompt.tokenIds,
    latentShape: work.latentShape,
    ...sampling,
    sampler: manifest.sampler.stageC.kind,
    pipelineVersion,
    ...(start === undefined ? {} : { start: recipeStart(start) }),
    ...recipeImages(inputs),
    cacheScope: inputs.cacheScope,
  };
  const { latentKeySecret: secret, specialTokenIds } = inputs;
  const mayReuse = request.seed === undefined && request.reuse !== "fresh";
  const decode = decodeOptionsOf(manifest, request.file);
  const isSimilarEnough = mayReuse && request.reuse === "similar";
  return ok({
    size,
    pictures: await picturesOf(secret, recipe, await seedsOf(inputs, recipe)),
    recipe: await recipeKey(secret, recipe),
    latentRecipe: recipe,
    mayReuse,
    likeness: isSimilarEnough ? await likenessOf(secret, recipe, specialTokenIds) : undefined,
    job: jobOf(manifest, recipe, sampling),
    decode,
    background: shownBackground(manifest, decode),
    work,
    startLines,
    imagePrompts: await plannedImages(inputs, work),
    lastsMs: requestMsMax(manifest, { latentShape: work.latentShape, ...sampling }),
  });
}

function recipeImages({ manifest, imagePrompts = [] }: PlanInputs): Pick<LatentRecipe, "imagePrompts"> {
  if (imagePrompts.length === 0) return {};
  const digests = imagePrompts.map(({ digest }) => digest);
  return { imagePrompts: { encoder: manifest.imagePrompts?.encoder ?? "", digests } };
}

function plannedImages(
  { manifest, imagePrompts = [], latentKeySecret, cacheScope }: PlanInputs,
  work: PricedWork,
): Promise<readonly PlannedImagePrompt[]> {
  const planned = imagePrompts.map(async (prompt) => {
    const madeFrom = { kind: "image_prompt", digest: prompt.digest, modelRevision: manifest.revision } as const;
    return { ...prompt, line: imagePromptLine(await derivedLatentKey(latentKeySecret, madeFrom, cacheScope), work) };
  });
  return Promise.all(planned);
}

function recipeStart({ latentId, strength, maskDigest }: ImageStart): RecipeStart {
  return { latentId, strength, maskDigest: maskDigest ?? null };
}

/**
 * The same plan for the seeds that the ledger chose: those of the request that this one repeats, or of latents that the
 * prompt has. Returns the plan itself if they are its own.
 */
export async function withSeeds(
  plan: GenerationPlan,
  seeds: readonly number[],
  latentKeySecret: string,
): Promise<GenerationPlan> {
  if (plan.pictures.every(({ seed }, index) => seed === seeds[index])) return plan;
  return { ...plan, pictures: await picturesOf(latentKeySecret, plan.latentRecipe, seeds) };
}

function picturesOf(
  latentKeySecret: string,
  recipe: SeedlessRecipe,
  seeds: readonly number[],
): Promise<readonly PlannedPicture[]> {
  return Promise.all(
    seeds.map(async (seed) => ({ seed, latentId: await latentKey(latentKeySecret, { ...recipe, seed }) })),
  );
}

/**
 * An explicit seed counts up from picture to picture. Without one, `reuse` decides whether a repeat finds its latent.
 */
function seedsOf({ request, latentKeySecret, randomSeed }: PlanInputs, recipe: SeedlessRecipe): Promise<number[]> {
  const { n, seed, reuse } = request;
  return Promise.all(
    Array.from({ length: n }, async (_, index) => {
      if (seed !== undefined) return (seed + index) % seedCount;
      return reuse === "fresh" ? randomSeed() : derivedSeed(latentKeySecret, recipe, index);
    }),
  );
}

function jobOf(manifest: Manifest, recipe: SeedlessRecipe, sampling: Sampling): GenerationPlan["job"] {
  const [channels, height, width] = recipe.latentShape;
  return {
    model: manifest.id,
    revision: manifest.revision,
    tokenIds: [...recipe.tokenIds],
    negativeTokenIds: [...recipe.negativeTokenIds],
    ...sampling,
    latentShape: [channels, height, width],
  };
}
