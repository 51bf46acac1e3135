import { z } from "zod";
import type { Failure } from "../errors.ts";
import { imageSidePixelsMax } from "../limits.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { samplingFields } from "../sampling-fields.ts";
import { promptSchema, promptTextSchema, wantedSeedSchema } from "./create-image-request.ts";
import type { WrittenNames } from "./written-names.ts";

/**
 * The body of Hugging Face's text-to-image task. `scheduler` is accepted as their other models accept it; a bundle has
 * one sampler.
 * Source: https://huggingface.co/docs/inference-providers/tasks/text-to-image
 */
export const textToImageBodySchema = z.strictObject({
  inputs: promptSchema,
  parameters: z
    .strictObject({
      guidance_scale: samplingFields.guidanceScale.optional(),
      negative_prompt: promptTextSchema.optional(),
      num_inference_steps: samplingFields.steps.optional(),
      width: z.int().min(1).max(imageSidePixelsMax).optional(),
      height: z.int().min(1).max(imageSidePixelsMax).optional(),
      scheduler: z.string().max(128).optional(),
      seed: wantedSeedSchema.optional(),
    })
    .default({}),
  /** Hints for Hugging Face's own infrastructure, of which one means something here. */
  options: z.looseObject({ use_cache: z.boolean().optional().describe("false: as `reuse: fresh`.") }).optional(),
});

/** Of a failure of such a request, the fields as Hugging Face spells them. */
export const textToImageNames: WrittenNames = {
  prompt: "inputs",
  num_inference_steps: "parameters.num_inference_steps",
  steps: "parameters.num_inference_steps",
  guidance_scale: "parameters.guidance_scale",
  negative_prompt: "parameters.negative_prompt",
  size: "parameters.width",
  width: "parameters.width",
  height: "parameters.height",
  seed: "parameters.seed",
};

/**
 * Hugging Face's body → that of `POST /v1/images/generations`, for one picture of `model`. Fails with `invalid_request`
 * naming the field as Hugging Face spells it.
 */
export function fromTextToImageRequest(json: unknown, model: string): Result<object, Failure> {
  const parsed = textToImageBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const { inputs, parameters, options } = parsed.data;
  const { num_inference_steps: steps, scheduler: _, ...rest } = parameters;
  const reuse = options?.use_cache === false ? "fresh" : undefined;
  return ok({ model, prompt: inputs, steps, reuse, ...rest });
}
