import { z } from "zod";
import type { Manifest } from "../models/manifest.ts";
import { withPublicNames } from "../sampling-fields.ts";
import { shownBackgroundSchema } from "./output-file.ts";

const rangeSchema = z
  .object({ default: z.number(), min: z.number(), max: z.number() })
  .readonly()
  .meta({ id: "Range" });

/** One model in OpenAI's list shape, with what a client needs to form a valid request. */
export const modelItemSchema = z
  .object({
    id: z.string(),
    alias_of: z.string().optional().describe("The id of the model of which this is another name."),
    object: z.literal("model"),
    created: z.int().describe("Unix seconds."),
    owned_by: z.string(),
    name: z.string(),
    description: z.string(),
    licence: z.string(),
    revision: z.string().describe("Changes with any byte of the model; every latent id changes with it."),
    sizes: z.array(z.string()).readonly().describe("WIDTHxHEIGHT in pixels."),
    size_default: z.string(),
    sides: z
      .object({ min: z.int(), max: z.int(), multiple_of: z.int() })
      .readonly()
      .optional()
      .describe("Any size with such sides is offered as well; absent: only those in `sizes`."),
    backgrounds: z.array(shownBackgroundSchema).readonly().describe("transparent: its pictures have alpha."),
    image_prompts: z.boolean().describe("Whether `image_prompt` may hold pictures."),
    price_factor: z.number().describe("How many times the usual price generation, decoding and encoding cost."),
    ...withPublicNames(() => rangeSchema),
  })
  .readonly()
  .meta({ id: "Model" });

/** The body of `GET /v1/models`. */
export const modelsListSchema = z
  .object({ object: z.literal("list"), data: z.array(modelItemSchema).readonly() })
  .readonly()
  .meta({ id: "ModelList" });

/** One model in OpenAI's list shape. */
export type ModelItem = z.infer<typeof modelItemSchema>;

/** The body of `GET /v1/models`. */
export type ModelsList = z.infer<typeof modelsListSchema>;

/** A bundle's manifest as the public API shows it. */
export function modelItem(manifest: Manifest & { readonly priceFactor?: number | undefined }): ModelItem {
  const { sides } = manifest.image;
  return {
    id: manifest.id,
    object: "model",
    created: Math.floor(Date.parse(manifest.created) / 1000),
    owned_by: "wuerstchen-edge",
    name: manifest.name,
    description: manifest.description,
    licence: manifest.licence,
    revision: manifest.revision,
    sizes: manifest.image.sizes,
    size_default: manifest.image.sizeDefault,
    ...(sides === undefined ? {} : { sides: { min: sides.min, max: sides.max, multiple_of: sides.multipleOf } }),
    backgrounds: manifest.image.channels === 4 ? ["opaque", "transparent"] : ["opaque"],
    image_prompts: manifest.imagePrompts !== undefined,
    price_factor: manifest.priceFactor ?? 1,
    ...withPublicNames((field) => manifest.sampler.stageC[field]),
  };
}
