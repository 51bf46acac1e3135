import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { backgroundWarnings } from "../../shared/api/output-file.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import { limitModels } from "../models/limited-models.ts";
import type { Caller } from "./caller.ts";
import { chooseModel } from "./choose-model.ts";
import { encodePrompts } from "./encode-prompts.ts";
import { readImagePrompts } from "./image-prompts.ts";
import { type GenerationPlan, planGeneration } from "./plan-generation.ts";
import type { Pricer } from "./price-request.ts";

/** No account can be called this. */
const sharedScope = "*shared*";

/** What planning takes. */
export interface Planner extends Pricer {
  readonly latentKeySecret: string;
  /** 0…2³²−1 */
  readonly randomSeed: () => number;
}

/** A request, understood: nothing was looked up or run for it yet. */
export interface PlannedRequest {
  readonly plan: GenerationPlan;
  /** Tokens of the texts that were sent. */
  readonly tokens: number;
  readonly warnings: readonly string[];
}

/** From a checked request to a plan. */
export async function planRequest(
  { models, latentKeySecret, randomSeed }: Planner,
  { account, models: allowed, noteModel }: Pick<Caller, "account" | "models" | "noteModel">,
  asked: CreateImageRequest,
): Promise<Result<PlannedRequest, Failure>> {
  const chosen = await chooseModel(limitModels(models, allowed), asked, account);
  if (!chosen.ok) return chosen;
  const { model, request } = chosen.value;
  const { manifest } = model;
  noteModel?.(manifest.revision);

  const texts = encodePrompts(model, request);
  if (!texts.ok) return texts;
  const { tokens } = texts.value;

  const images = await readImagePrompts(request);
  if (!images.ok) return images;

  const plan = await planGeneration({
    manifest,
    imagePrompts: images.value,
    prompt: texts.value.prompt,
    negativePrompt: texts.value.negativePrompt,
    specialTokenIds: model.promptEncoder.encode("").tokenIds,
    request,
    cacheScope: request.cacheScope === "shared" ? sharedScope : account,
    latentKeySecret,
    randomSeed,
  });
  if (!plan.ok) return plan;
  const warnings = [...request.warnings, ...backgroundWarnings(manifest, request.file), ...texts.value.warnings];
  return ok({ plan: plan.value, tokens, warnings });
}
